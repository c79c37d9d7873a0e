import gzip
import json
import re
from pathlib import Path

import pytest

PAIR = '{"premise": "A dog runs.", "hypothesis": "An animal runs.", "id": 7}\n'


def test_evaluate_prints_and_writes_accuracy_by_language(polydistill, own_model, work):
    result = polydistill(f"evaluate {own_model} --data file:rows.jsonl --langs en,tr --json scores.json")
    assert result.exit_code == 0, result.output
    scores = json.loads(Path("scores.json").read_text())
    assert [(score["language"], score["examples"]) for score in scores] == [("en", 12), ("tr", 12)]
    for score in scores:
        assert f"{100 * score['value']:.1f}" in result.stdout


def test_evaluate_agrees_with_predict(polydistill, own_model, work):
    polydistill(f"evaluate {own_model} --data file:rows.jsonl --langs en,tr --json scores.json")
    polydistill(f"predict {own_model} --input rows.jsonl --out said.jsonl")
    rows = [json.loads(line) for line in Path("said.jsonl").read_text().splitlines()]
    for score in json.loads(Path("scores.json").read_text()):
        right = [row["label"] == row["predicted"] for row in rows if row["language"] == score["language"]]
        assert score["value"] == pytest.approx(sum(right) / len(right))


def test_predict_one_pair(polydistill, own_model):
    result = polydistill(f'predict {own_model} --premise "A dog runs." --hypothesis "An animal runs."')
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[0] in ("entailment", "neutral", "contradiction")


def test_predict_lines_keeps_the_other_keys(polydistill, own_model):
    result = polydistill(f"predict {own_model}", PAIR + "\n" + PAIR)
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first == second
    assert first["id"] == 7
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert max(first["probabilities"], key=first["probabilities"].get) == first["predicted"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: found text that is not JSON"),
        ("[1]", "line 2: found no text under premise and hypothesis"),
        ('{"premise": "A"}', "line 2: found no text under hypothesis"),
        ('{"premise": 3, "hypothesis": "A"}', "line 2: found no text under premise"),
    ],
)
def test_a_bad_line_is_named(polydistill, own_model, line, says):
    result = polydistill(f"predict {own_model}", PAIR + line + "\n")
    assert result.exit_code == 2
    assert says in result.stderr


def test_predict_reads_files_strictly(polydistill, own_model, work):
    Path("bad.jsonl").write_bytes(PAIR.encode() + b'{"premise": "\xe9"}\n')
    result = polydistill(f"predict {own_model} --input bad.jsonl")
    assert result.exit_code == 2
    assert "bad.jsonl, line 2: found byte 0xE9" in result.stderr
    assert "Check the path" in polydistill(f"predict {own_model} --input no.jsonl").stderr


def test_predict_does_not_write_over_what_it_reads(polydistill, own_model, work):
    before = Path("rows.jsonl").read_text()
    result = polydistill(f"predict {own_model} --input rows.jsonl --out ./rows.jsonl")
    assert result.exit_code == 2
    assert "Name another one" in result.stderr
    assert Path("rows.jsonl").read_text() == before


def test_predict_goes_on_where_it_was_interrupted(polydistill, own_model, work):
    command = f"predict {own_model} --input rows.jsonl --out said.jsonl --window 4"
    assert polydistill(command).exit_code == 0
    whole = Path("said.jsonl").read_bytes()
    lines = Path("rows.jsonl").read_text().splitlines(keepends=True)
    Path("rows.jsonl").write_text("".join([*lines[:9], "{", *lines[9:]]))
    Path("said.jsonl").unlink()
    stopped = polydistill(command)
    assert stopped.exit_code == 2
    assert "The answers so far are in said.jsonl.part" in stopped.stderr
    assert not Path("said.jsonl").exists()
    Path("rows.jsonl").write_text("".join(lines))
    assert polydistill(f"{command} --resume").exit_code == 0
    assert Path("said.jsonl").read_bytes() == whole
    assert not Path("said.jsonl.part").exists()
    assert "--resume goes on with the file of --out" in polydistill(f"predict {own_model} --resume").stderr


def test_predict_wants_both_texts(polydistill, own_model):
    assert "go together" in polydistill(f"predict {own_model} --premise A").stderr
    both = polydistill(f"predict {own_model} --premise A --hypothesis B --input rows.jsonl")
    assert "not both" in both.stderr


def test_a_folder_that_is_none_or_holds_no_model(polydistill, work):
    assert "There is no folder './lost'" in polydistill("predict ./lost --premise A --hypothesis B").stderr
    assert "holds no model" in polydistill("predict . --premise A --hypothesis B").stderr


def test_predict_reads_and_writes_compressed_lines(polydistill, own_model, work):
    Path("rows.jsonl.gz").write_bytes(gzip.compress(Path("rows.jsonl").read_bytes()))
    result = polydistill(f"predict {own_model} --input rows.jsonl.gz --out said.jsonl.gz")
    assert result.exit_code == 0, result.output
    said = [json.loads(line) for line in gzip.decompress(Path("said.jsonl.gz").read_bytes()).splitlines()]
    given = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    assert [{key: row[key] for key in one} for one, row in zip(given, said, strict=True)] == given


def test_predict_leaves_bad_lines_out_where_it_is_told_to(polydistill, own_model):
    result = polydistill(f"predict {own_model} --skip-bad --window 1", PAIR + "{\n" + PAIR + "[]\n")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 2
    assert "Left out 2 lines that cannot be used. The first: standard input, line 2: found text" in result.stderr


def test_predict_says_how_far_it_is(polydistill, own_model, monkeypatch):
    for name in ("PATIENCE", "BETWEEN"):
        monkeypatch.setattr(f"polydistill.progress.{name}", -1.0)
    assert re.search(r"Answered: 3 rows, [\d.,]+ a second", polydistill(f"predict {own_model}", PAIR * 3).stderr)

"""Questions with choices as COPA, XCOPA and SIQA have them, and XCOPA's wrong questions put right."""

import json
from pathlib import Path

import datasets
import pytest

from polydistill.data.rows.choices import WRONG_QUESTION, wrong_questions
from polydistill.data.rows.load import fingerprint, load_rows
from polydistill.data.rows.shapes import CHOICES
from polydistill.data.rows.sources import HubSource, format_source, parse_source
from polydistill.errors import DataError

COPA = [
    {"premise": "It rained.", "choice1": "It was cloudy.", "choice2": "I got wet.", "question": "effect", "label": 1},
    {"premise": "I fell.", "choice1": "I ran.", "choice2": "I cried.", "question": "cause", "label": 0},
    {"premise": "I ate.", "choice1": "I was hungry.", "choice2": "I was full.", "question": "effect", "label": 1},
]
SIQA = {"context": "Tracy left.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c"}


def write(name, rows):
    Path(name).write_text("\n".join(json.dumps({**row, "idx": at}) for at, row in enumerate(rows)) + "\n")


def load(short, languages=("en",)):
    return load_rows(parse_source(short), CHOICES, languages)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("copa.en.jsonl", COPA)
    wrong = [{**COPA[0], "question": "cause"}, COPA[1], {**COPA[2], "question": "cause"}]
    write("xcopa.tr.jsonl", wrong)
    write("xcopa.it.jsonl", [COPA[0], COPA[1], COPA[2]])


def test_copa():
    corpus = load("file:copa.en.jsonl")
    assert corpus.rows["en"][0] == {
        "premise": "It rained.",
        "question": "effect",
        "choices": ["It was cloudy.", "I got wet."],
        "label": 1,
    }
    assert corpus.counts == {"en": 3}
    assert load("file:copa.en.jsonl?rows=2").counts == {"en": 2}


def test_wrong_questions_are_put_right_and_counted():
    plain = load("file:xcopa.{lang}.jsonl", ["tr", "it"])
    assert plain.rows["tr"]["question"][:] == ["cause", "cause", "cause"]
    assert plain.corrected == {}
    assert plain.aligned
    right = load("file:xcopa.{lang}.jsonl?questions=copa.en.jsonl", ["tr", "it"])
    assert right.rows["tr"]["question"][:] == right.rows["it"]["question"][:] == ["effect", "cause", "effect"]
    assert right.corrected == {"tr": {WRONG_QUESTION: 2}}
    two = load("file:xcopa.{lang}.jsonl?questions=copa.en.jsonl&rows=2", ["tr"])
    assert two.corrected == {"tr": {WRONG_QUESTION: 1}}


def test_wrong_questions_are_named():
    english = load("file:copa.en.jsonl").rows["en"]
    wrong = load("file:xcopa.{lang}.jsonl", ["tr"]).rows["tr"]
    assert wrong_questions(wrong, english, "tr") == {0: "effect", 2: "effect"}
    assert wrong_questions(english, english, "en") == {}


def test_an_english_file_of_other_rows_is_refused():
    write("short.jsonl", COPA[:2])
    with pytest.raises(DataError, match="found 3 rows; expected the 2 rows of the English file"):
        load("file:xcopa.{lang}.jsonl?questions=short.jsonl", ["it"])
    write("other.jsonl", [COPA[1], COPA[0], COPA[2]])
    with pytest.raises(DataError, match="found row 1 with label 1; expected label 0"):
        load("file:xcopa.{lang}.jsonl?questions=other.jsonl", ["it"])


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ([{**SIQA, "correct": letter} for letter in "CAB"], [2, 0, 1]),
        ([{**SIQA, "label": number} for number in "312"], [2, 0, 1]),
        ([{**SIQA, "label": number} for number in (3, 1, 2)], [2, 0, 1]),
    ],
)
def test_siqa(rows, places):
    write("siqa.jsonl", rows)
    table = load("file:siqa.jsonl").rows["en"]
    assert table["label"][:] == places
    assert table[0]["choices"] == ["a", "b", "c"]
    assert (table[0]["premise"], table[0]["question"]) == ("Tracy left.", "Why?")


def test_siqa_with_labels_in_a_file_of_their_own():
    write("siqa.jsonl", [SIQA] * 3)
    assert load("file:siqa.jsonl").rows["en"].column_names == ["premise", "question", "choices"]
    Path("labels.lst").write_text("3\n1\n2\n")
    assert load("file:siqa.jsonl?label_file=labels.lst").rows["en"]["label"][:] == [2, 0, 1]
    assert load("file:siqa.jsonl?label_file=labels.lst&rows=2").rows["en"]["label"][:] == [2, 0]
    before = fingerprint(parse_source("file:siqa.jsonl?label_file=labels.lst"), ["en"])
    Path("labels.lst").write_text("3\n1\n1\n")
    assert fingerprint(parse_source("file:siqa.jsonl?label_file=labels.lst"), ["en"]) != before
    Path("labels.lst").write_text("3\n1\n")
    with pytest.raises(DataError, match="found 2 labels; expected one for each of 3 rows"):
        load("file:siqa.jsonl?label_file=labels.lst")
    Path("labels.lst").write_text("3\n1\n4\n")
    with pytest.raises(DataError, match=r"labels.lst, line 3: found label '4'; expected one of 1, 2, 3"):
        load("file:siqa.jsonl?label_file=labels.lst")


def test_own_columns_and_more_choices():
    write("a.jsonl", [{"p": "P", "q": "Q", "x": "1st", "y": "2nd", "z": "3rd", "w": "4th", "right": "d"}])
    columns = "premise:p,question:q,choice1:x,choice2:y,choice3:z,choice4:w,label:right"
    row = load(f"file:a.jsonl?columns={columns}&labels=a,b,c,d").rows["en"][0]
    assert row == {"premise": "P", "question": "Q", "choices": ["1st", "2nd", "3rd", "4th"], "label": 3}


def test_tables_with_tabs_and_a_language():
    Path("a.tsv").write_text(
        "language\tpremise\tquestion\tchoice1\tchoice2\tlabel\nen\tp\tcause\tx\ty\t1\ntr\tP\tcause\tX\tY\t1\n"
    )
    corpus = load("file:a.tsv", ["tr", "en"])
    assert corpus.rows["tr"][0]["choices"] == ["X", "Y"]
    assert corpus.aligned


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({**COPA[0], "label": 2}, "found label '2'; expected one of choice1, choice2"),
        ({**COPA[0], "choice2": None}, "no value for 'choice2'"),
        ({**COPA[0], "premise": 3}, "found premise = 3; expected text"),
    ],
)
def test_bad_rows_are_named(row, says):
    write("bad.jsonl", [COPA[0], row])
    with pytest.raises(DataError, match=says) as refused:
        load("file:bad.jsonl")
    assert refused.value.line == 2


def test_files_of_other_tasks_are_refused():
    Path("a.tsv").write_text("Paris\tB-LOC\n")
    with pytest.raises(DataError, match="expected the columns premise, question, choice1, choice2, label"):
        load("file:a.tsv")


def test_short_forms_and_older_identities():
    short = "file:a.jsonl?label_file=b&questions=c"
    assert format_source(parse_source(short)) == short
    assert "questions" not in parse_source("file:a.jsonl").model_dump()
    assert "mixed" not in parse_source("world:").model_dump()
    assert parse_source("world:?mixed=true").model_dump()["mixed"] is True


@pytest.mark.parametrize("named", [True, False])
def test_the_hub_with_named_and_with_plain_labels(named, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    label = datasets.ClassLabel(names=["choice1", "choice2"]) if named else datasets.Value("int32")
    text = datasets.Value("string")
    features = datasets.Features({"premise": text, "choice1": text, "choice2": text, "question": text, "label": label})
    for code in ("en", "tr"):
        rows = [{**row, "question": "cause"} if code == "tr" else row for row in COPA]
        Path("xcopa", code).mkdir(parents=True)
        datasets.Dataset.from_list(rows, features=features).to_parquet(f"xcopa/{code}/validation.parquet")
    configs = "".join(
        f"- config_name: {code}\n  data_files:\n  - split: validation\n    path: {code}/validation.parquet\n"
        for code in ("en", "tr")
    )
    Path("xcopa/README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    source = HubSource(name="xcopa", config="{lang}", split="validation", questions="copa.en.jsonl")
    corpus = load_rows(source, CHOICES, ["en", "tr"])
    assert corpus.rows["en"].to_list() == load("file:copa.en.jsonl").rows["en"].to_list()
    assert corpus.rows["tr"]["question"][:] == ["effect", "cause", "effect"]
    assert corpus.corrected == {"tr": {WRONG_QUESTION: 2}}

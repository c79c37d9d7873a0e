"""Questions about contexts in every layout that they come in, and what is said of files that are none."""

import json
from pathlib import Path

import datasets
import pytest

from polydistill.data.rows.load import fingerprint, load_rows
from polydistill.data.rows.shapes import ANSWERS
from polydistill.data.rows.sources import FileSource, HubSource, WorldSource, parse_source
from polydistill.errors import DataError

CONTEXT = "Anna lives in Rome. Karl lives in Paris, and Anna in Rome too."
ROWS = [
    {"question": "Who?", "context": CONTEXT, "label": {"text": ["Anna"], "answer_start": [0]}},
    {"question": "Where?", "context": CONTEXT, "label": {"text": ["Paris", "in Paris"], "answer_start": [34, 31]}},
]


def asked(question, *answers, **more):
    return {
        "id": question,
        "question": question,
        "answers": [{"text": t, "answer_start": s} for t, s in answers],
        **more,
    }


def squad(*questions, context=CONTEXT, indent=None):
    return json.dumps(
        {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": context, "qas": questions}]}]},
        indent=indent,
    )


BOTH = (asked("Who?", ("Anna", 0)), asked("Where?", ("Paris", 34), ("in Paris", 31)))


def load(source, languages=("en",)):
    return load_rows(parse_source(source) if isinstance(source, str) else source, ANSWERS, languages)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("indent", [None, 2])
def test_squads_own_json(indent):
    Path("xquad.en.json").write_text(squad(*BOTH, indent=indent))
    corpus = load("file:xquad.{lang}.json")
    assert corpus.rows["en"].to_list() == ROWS and corpus.aligned
    assert load("file:xquad.{lang}.json?rows=1").counts == {"en": 1}


def test_json_lines_as_we_write_them_and_as_lists():
    lines = [{**row, "answers": row["label"]} for row in ROWS]
    Path("a.jsonl").write_text(
        "".join(json.dumps({k: v for k, v in line.items() if k != "label"}) + "\n" for line in lines)
    )
    Path("b.jsonl").write_text("\n".join(json.dumps({**one, "context": CONTEXT}) for one in BOTH))
    assert load("file:a.jsonl").rows["en"].to_list() == load("file:b.jsonl").rows["en"].to_list() == ROWS


def test_json_lines_of_several_languages():
    lines = [{"language": code, **one, "context": CONTEXT} for one in BOTH for code in ("en", "tr")]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    corpus = load("file:a.jsonl", ["tr", "en"])
    assert corpus.rows["en"].to_list() == corpus.rows["tr"].to_list() == ROWS
    with pytest.raises(DataError, match="no row for language 'de'"):
        load("file:a.jsonl", ["de"])


def test_the_hubs_layout(tmp_path):
    columns = {name: [row[name] for row in ROWS] for name in ("question", "context")}
    data = datasets.Dataset.from_dict({"id": ["1", "2"], **columns, "answers": [row["label"] for row in ROWS]})
    folder = tmp_path / "set" / "xquad.en"
    folder.mkdir(parents=True)
    data.to_json(folder / "validation.json")
    (tmp_path / "set" / "README.md").write_text(
        "---\nconfigs:\n- config_name: xquad.en\n  data_files:\n"
        "  - split: validation\n    path: xquad.en/validation.json\n---\n"
    )
    source = HubSource(name=str(tmp_path / "set"), config="xquad.{lang}", split="validation")
    assert load(source).rows["en"].to_list() == ROWS
    with pytest.raises(DataError, match="a column 'frage'"):
        load(source.model_copy(update={"columns": {"question": "frage"}}))


def test_what_is_left_out_and_put_right_is_counted():
    questions = (
        *BOTH,
        asked("moved", ("Rome", 50)),  # there are two: the nearer one counts
        asked("not there", ("Berlin", 3)),
        asked("none", is_impossible=True),
        asked("blank", (" ", 4)),
        asked(" ", ("Anna", 0)),
        asked("partly", ("Berlin", 3), ("Anna", 0)),
    )
    Path("a.json").write_text(squad(*questions))
    corpus = load("file:a.json")
    found = {row["question"]: row["label"] for row in corpus.rows["en"]}
    assert found["moved"] == {"text": ["Rome"], "answer_start": [53]}
    assert found["partly"] == {"text": ["Anna"], "answer_start": [0]}
    assert corpus.counts == {"en": 4}
    assert corpus.skipped == {"en": {"answer not in its context": 1, "no answer": 2, "no question": 1}}
    assert corpus.corrected == {"en": {"answer_start put right": 1}}


def test_test_sets_without_answers():
    Path("a.json").write_text(squad({"id": "1", "question": "Who?"}))
    assert load("file:a.json").rows["en"].to_list() == [{"question": "Who?", "context": CONTEXT}]


def test_several_languages_are_aligned_only_if_that_is_claimed():
    for code in ("en", "tr"):
        Path(f"{code}.json").write_text(squad(*BOTH))
    assert not load("file:{lang}.json", ["en", "tr"]).aligned
    assert load("file:{lang}.json?aligned=true", ["en", "tr"]).aligned
    assert load(WorldSource(rows=6), ["en", "tr"]).aligned
    with pytest.raises(ValueError, match="only files that have both can give"):
        load("file:{lang}.json?aligned=true", ["en-tr"])


def test_characters_count_and_not_bytes():
    Path("a.json").write_text(squad(asked("?", ("Köln", 6)), context="İ 𝒳 🙂 Köln"))
    assert load("file:a.json").rows["en"][0]["label"] == {"text": ["Köln"], "answer_start": [6]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"data": [{"paragraphs": [{"qas": [{"question": "a"}]}]}]}', "KeyError: 'context'"),
        ('{"data": 3}', "built otherwise"),
        ('{"question": "a"}', "the keys question"),
        ('{"question": "a", "context": "b"}\n[1]', "line 2: found a JSON list"),
        ('{"question": "a", "context": "b"}\n{"x', "line 2: found text that is not JSON"),
        ('{"question": 1, "context": "b"}', "line 1: found question = 1"),
        ('{"question": "a", "context": "b", "answers": [{"text": "b"}]}', "line 1: found the answer"),
        ('{"question": "a", "context": "b", "answers": "b"}', "line 1: found the answer 'b'"),
        ('{"question": "a", "context": "b", "answers": {"text": ["b"], "answer_start": [0, 1]}}', "found the answer"),
        (squad(*BOTH)[:-40], r"a\.json, line 1: found JSON that is broken, or ends too soon .*Fetch it again"),
        (squad(*BOTH, indent=1)[:-40], r"line [0-9]{2}: found JSON that is broken"),
        (squad(*BOTH, {"question": "a", "answers": "b"}), r"question 3 \(which has no id\): found the answer 'b'"),
        (
            squad({"id": "7", "question": "a", "answers": [{"text": 1, "answer_start": 0}]}),
            "question 7: found the answer",
        ),
    ],
)
def test_what_is_no_such_file(text, says):
    Path("a.json").write_text(text)
    with pytest.raises(DataError, match=says):
        load("file:a.json")


def test_options_and_files_that_do_not_go_with_it():
    Path("a.json").write_text(squad(*BOTH))
    with pytest.raises(DataError, match="one file for 2 languages"):
        load("file:a.json", ["en", "tr"])
    with pytest.raises(ValueError, match="layout= is of other tasks"):
        load("file:a.json?layout=xnli")
    with pytest.raises(ValueError, match="rows of a task are of that task"):
        load(WorldSource(rows=3, stories=True))


def test_the_fingerprint_changes_with_the_file_and_with_the_words():
    Path("a.json").write_text(squad(*BOTH))
    before = fingerprint(FileSource(path="a.json"), ["en"], ANSWERS)
    Path("a.json").write_text(squad(*BOTH[:1]))
    assert fingerprint(FileSource(path="a.json"), ["en"], ANSWERS) != before

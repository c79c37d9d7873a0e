"""Tagged words in every layout that WikiAnn comes in, and what is said of files that are none."""

import json
from pathlib import Path

import datasets
import pytest

from polydistill.data.rows.load import fingerprint, load_rows
from polydistill.data.rows.shapes import WORDS
from polydistill.data.rows.sources import FileSource, HubSource, parse_source
from polydistill.data.rows.tagged import looks_tagged
from polydistill.errors import DataError

PANX = "Paris\tB-LOC\nis\tO\nbig\tO\n\nAnna\tB-PER\nKeller\tI-PER\n\n"
ROWS = [{"tokens": ["Paris", "is", "big"], "label": [5, 0, 0]}, {"tokens": ["Anna", "Keller"], "label": [1, 2]}]


def load(source, languages=("en",)):
    return load_rows(source if not isinstance(source, str) else parse_source(source), WORDS, languages)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        PANX,
        PANX.rstrip("\n"),
        PANX.replace("\n", "\r\n"),
        "\n\n" + PANX.replace("\n\n", "\n \n\n"),
        "".join(f"en:{line}\n" if line else "\n" for line in PANX.split("\n")),
        PANX.lower().replace("paris", "Paris").replace("anna", "Anna").replace("keller", "Keller"),
    ],
)
def test_lines_of_token_and_tag(text):
    Path("dev-en.tsv").write_text(text, newline="")
    corpus = load("file:dev-{lang}.tsv")
    assert corpus.rows["en"].to_list() == ROWS
    assert corpus.counts == {"en": 2}


CONLL = """-DOCSTART- -X- -X- O

# id 1 domain=en
Paris NNP B-NP B-LOC
is VBZ B-VP O
big JJ B-AP O

# NN B-NP O
Keller NNP I-NP B-PER
"""


TABS = "\n".join(line if line.startswith("# id") else line.replace(" ", "\t") for line in CONLL.split("\n"))


@pytest.mark.parametrize("text", [CONLL, TABS])
def test_lines_of_conll(text):
    Path("dev.conll").write_text(text)
    assert load("file:dev.conll").rows["en"].to_list() == [ROWS[0], {"tokens": ["#", "Keller"], "label": [0, 1]}]


@pytest.mark.parametrize(
    ("text", "tagged"),
    [
        (CONLL, True),
        (PANX, True),
        ("text\tlabel\nI like it\tO\n", False),
        ("A dog sleeps.\nIt sleeps.\n", False),
        ("Paris\nis\n", False),
        ("\n", False),
    ],
)
def test_what_looks_like_tagged_words(text, tagged):
    Path("a.txt").write_text(text)
    assert looks_tagged(Path("a.txt")) == tagged


def test_a_token_may_look_like_a_prefix_where_not_all_have_it():
    Path("a.tsv").write_text("de:\tB-LOC\nx\tO\n")
    assert load("file:a.tsv", ["de"]).rows["de"][0]["tokens"] == ["de:", "x"]


def test_several_languages_are_aligned_only_if_that_is_claimed():
    for code in ("en", "tr"):
        Path(f"{code}.tsv").write_text(PANX)
    assert not load("file:{lang}.tsv", ["en", "tr"]).aligned
    assert load("file:{lang}.tsv?aligned=true", ["en", "tr"]).aligned
    assert load("file:{lang}.tsv?rows=1", ["en", "tr"]).counts == {"en": 1, "tr": 1}


def test_test_sets_without_tags():
    Path("a.tsv").write_text("Paris\nis\n\nbig\n")
    assert load("file:a.tsv").rows["en"].to_list() == [{"tokens": ["Paris", "is"]}, {"tokens": ["big"]}]


def test_own_spellings():
    Path("a.tsv").write_text("Paris\t6\nis\t1\n")
    assert load("file:a.tsv?labels=1,2,3,4,5,6,7").rows["en"][0]["label"] == [5, 0]


def test_json_lines_with_names_of_their_own_and_a_language():
    lines = [
        {"language": code, "words": row["tokens"], "kinds": [WORDS.labels[tag] for tag in row["label"]]}
        for row in [*ROWS, {"tokens": [], "label": []}]
        for code in ("en", "deu")
    ]
    Path("a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    corpus = load(FileSource(path="a.jsonl", columns={"tokens": "words", "label": "kinds"}), ["de", "en"])
    assert corpus.rows["de"].to_list() == corpus.rows["en"].to_list() == ROWS
    assert corpus.skipped == {"de": {"no words": 1}, "en": {"no words": 1}}


@pytest.mark.parametrize(
    ("name", "text", "where", "says"),
    [
        ("a.tsv", "Paris\tB-LOC\nis\tB-DOG\n", ("a.tsv", 2), "found label 'B-DOG'; expected one of O, B-PER"),
        ("a.tsv", "Paris\tB-LOC\nis O\n", ("a.tsv", 2), "found 'is O' (1 fields); expected a token and its tag"),
        ("a.tsv", "Paris\tB-LOC\tx\n", ("a.tsv", 1), "found 'Paris\\tB-LOC\\tx' (3 fields)"),
        ("a.tsv", "Paris\nis\tO\n", ("a.tsv", 2), "expected a token alone, as in the first line"),
        ("a.tsv", "en:Paris\tO\n\nis\tO\n", ("a.tsv", 3), "found the token 'is'; expected 'en:' before it"),
        ("a.tsv", "\n\n", ("a.tsv", None), "only blank lines"),
        ("a.jsonl", '{"words": ["a"]}', ("a.jsonl", 1), "found the keys words; expected a key 'tokens'"),
        ("a.jsonl", '{"tokens": ["a"], "tags": ["O", "O"]}', ("a.jsonl", 1), "found 2 tags for 1 words"),
        ("a.jsonl", '{"tokens": ["a"], "tags": "O"}', ("a.jsonl", 1), "expected a list of tags"),
        ("a.jsonl", '{"tokens": "a b", "tags": ["O"]}', ("a.jsonl", 1), "expected a list of texts"),
        ("a.jsonl", '{"tokens": ["a", "b"], "tags": ["O", "-"]}', ("a.jsonl", 1), "found label '-'"),
    ],
)
def test_what_cannot_be_read_is_said(name, text, where, says):
    Path(name).write_text(text)
    with pytest.raises(DataError, match=name) as refused:
        load(f"file:{name}")
    assert (refused.value.file.name, refused.value.line) == where
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("?layout=xnli", "files of tagged words need none"),
        ("?columns=tokens:a", "columns= is for JSONL"),
        ("?questions=b", "belongs to sources of questions"),
        ("?labels=a,b", "expected 7"),
    ],
)
def test_options_that_do_not_fit(options, says):
    Path("a.tsv").write_text(PANX)
    with pytest.raises(ValueError, match=says):
        load(f"file:a.tsv{options}")


def test_one_file_of_lines_is_one_language():
    Path("a.tsv").write_text(PANX)
    with pytest.raises(DataError, match=r"Write \{lang\} in the path"):
        load("file:a.tsv", ["en", "tr"])


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """WikiAnn as the hub has it: tags as numbers of named classes, in an order of its own."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    names = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER", "B-ORG", "I-ORG"]
    features = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(datasets.ClassLabel(names=names)),
            "langs": datasets.List(datasets.Value("string")),
        }
    )
    tags = [[names.index(WORDS.labels[tag]) for tag in row["label"]] for row in ROWS]
    data = {"tokens": [row["tokens"] for row in ROWS], "ner_tags": tags, "langs": [["en"], ["en"]]}
    for code in ("en", "tr"):
        path = Path("wikiann") / code
        path.mkdir(parents=True)
        datasets.Dataset.from_dict(data, features=features).to_parquet(str(path / "validation.parquet"))
    configs = "".join(
        f"- config_name: {code}\n  data_files:\n  - split: validation\n    path: {code}/validation.parquet\n"
        for code in ("en", "tr")
    )
    Path("wikiann/README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    return HubSource(name="wikiann", config="{lang}", split="validation")


def test_the_hub_names_its_tags_in_any_order(folder):
    corpus = load(folder, ["en", "tr"])
    assert corpus.rows["tr"].to_list() == corpus.rows["en"].to_list() == ROWS
    assert not corpus.aligned


def test_the_hub_has_a_configuration_a_language(folder):
    with pytest.raises(DataError, match=r"Write \{lang\} in the configuration"):
        load(folder.model_copy(update={"config": "en"}), ["en", "tr"])


def test_the_fingerprint_is_of_the_content():
    Path("a.tsv").write_text(PANX)
    before = fingerprint(FileSource(path="a.tsv"), ["en"], WORDS)
    assert before == fingerprint(FileSource(path="a.tsv"), ["en"])
    Path("a.tsv").write_text(PANX.replace("big", "Big"))
    assert fingerprint(FileSource(path="a.tsv"), ["en"], WORDS) != before

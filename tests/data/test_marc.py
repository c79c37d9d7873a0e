"""Reviews in MARC's layout, from files and folders in the hub's layout, and what is said of rows that are none."""

import csv
import json
from pathlib import Path

import datasets
import pytest

from polydistill.data.rows.labelled import labelled_rows
from polydistill.data.rows.load import fingerprint, load_rows
from polydistill.data.rows.shapes import REVIEW
from polydistill.data.rows.sources import FileSource, HubSource, parse_source
from polydistill.errors import DataError

NAMES = ("review_id", "product_id", "reviewer_id", "stars", "review_body", "review_title", "language")
MARC = [
    ("en_1", "p1", "r1", 1, 'It broke, at "once".', "Broken", "en", "kitchen"),
    ("en_2", "p2", "r2", 5, "Two\nlines.", "", "en", "sports"),
    ("de_1", "p3", "r3", 4, "Ganz gut.", "Gut", "de", "home"),
]
NAMES = (*NAMES, "product_category")
ENGLISH = [
    {"review_body": 'It broke, at "once".', "review_title": "Broken", "product_category": "kitchen", "label": 0},
    {"review_body": "Two\nlines.", "review_title": "", "product_category": "sports", "label": 4},
]


def rows(**changes):
    """The rows as objects, with changes to the first."""
    first, *rest = (dict(zip(NAMES, row, strict=True)) for row in MARC)
    return [{**first, **changes}, *rest]


def as_jsonl(name, some):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in some))


def as_csv(name, some):
    with Path(name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(some[0]))
        writer.writeheader()
        writer.writerows(some)


def load(source, languages=("en",)):
    return load_rows(parse_source(source) if isinstance(source, str) else source, REVIEW, languages)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("write", "ending"), [(as_jsonl, "jsonl"), (as_jsonl, "json"), (as_csv, "csv")])
def test_one_file_with_all_languages_and_one_for_each(write, ending):
    write(f"all.{ending}", rows())
    corpus = load(f"file:all.{ending}", ["en", "de"])
    assert corpus.rows["en"].to_list() == ENGLISH
    assert corpus.counts == {"en": 2, "de": 1}
    for code in ("en", "de"):
        write(f"dev.{code}.{ending}", [row for row in rows() if row["language"] == code])
    apart = load(f"file:dev.{{lang}}.{ending}?layout=marc", ["en", "de"])
    assert {code: table.to_list() for code, table in apart.rows.items()} == {
        code: table.to_list() for code, table in corpus.rows.items()
    }


def test_the_same_stars_in_the_same_order_are_no_translations():
    """The training files of MARC are sorted by their stars, in every language alike."""
    for code in ("en", "de"):
        as_jsonl(f"{code}.jsonl", rows()[:2])
    assert not load("file:{lang}.jsonl?columns=" + COLUMNS, ["en", "de"]).aligned
    assert load("file:{lang}.jsonl?aligned=true&columns=" + COLUMNS, ["en", "de"]).aligned
    assert load("file:en.jsonl").aligned


COLUMNS = "review_body:review_body,review_title:review_title,product_category:product_category,label:stars"


@pytest.mark.parametrize("body", ["", "  \n", None])
def test_reviews_without_a_body_are_left_out_and_counted(body):
    as_jsonl("a.jsonl", rows(review_body=body))
    as_csv("a.csv", rows(review_body=body))
    for name in ("a.jsonl", "a.csv"):
        corpus = load(f"file:{name}", ["en", "de"])
        assert corpus.rows["en"].to_list() == ENGLISH[1:]
        assert corpus.skipped == {"en": {"no review_body": 1}}


@pytest.mark.parametrize("missing", ["review_title", "product_category"])
def test_title_and_category_may_be_missing(missing):
    as_jsonl("a.jsonl", rows(**{missing: None}))
    assert load("file:a.jsonl").rows["en"][0][missing] == ""


def test_a_set_without_stars_has_no_labels():
    as_jsonl("a.jsonl", [{name: value for name, value in row.items() if name != "stars"} for row in rows()])
    assert load("file:a.jsonl").rows["en"].column_names == list(REVIEW.texts)


@pytest.mark.parametrize("spelled", ["1.0", "1 star", "1"])
def test_stars_are_read_as_numbers_are_spelled(spelled):
    as_csv("a.csv", rows(stars=spelled))
    assert load("file:a.csv").rows["en"][0]["label"] == 0


@pytest.mark.parametrize("write", [as_csv, as_jsonl])
@pytest.mark.parametrize("lacking", [{"review_title", "product_category"}, {"product_category"}])
def test_titles_and_categories_may_be_missing(write, lacking):
    file = {as_csv: "a.csv", as_jsonl: "a.jsonl"}[write]
    write(file, [{name: value for name, value in row.items() if name not in lacking} for row in rows()])
    read = load(f"file:{file}").rows["en"].to_list()
    assert read == [{**row, **dict.fromkeys(lacking, "")} for row in ENGLISH]
    mapped = load(f"file:{file}?columns=review_body:review_body,label:stars,language:language").rows["en"].to_list()
    assert mapped == read


def test_reviews_without_stars_cannot_be_learned_from():
    as_csv("a.csv", [{name: value for name, value in row.items() if name != "stars"} for row in rows()])
    with pytest.raises(ValueError, match=r"Tuning needs labels; .*a\.csv have none: no column 'stars'\. Add it"):
        labelled_rows(FileSource(path="a.csv"), REVIEW, ["en"])


def test_own_columns_and_spellings():
    as_jsonl("a.jsonl", [{"text": "x", "head": "y", "kind": "z", "label": 4}])
    source = (
        "file:a.jsonl?columns=review_body:text,review_title:head,product_category:kind,label:label&labels=0,1,2,3,4"
    )
    assert load(source).rows["en"].to_list() == [dict(zip((*REVIEW.texts, "label"), ("x", "y", "z", 4), strict=True))]


@pytest.mark.parametrize("bad", [0, 6, "five", "", 4.5])
def test_stars_that_are_none_are_named_with_file_and_line(bad):
    as_jsonl("a.jsonl", [*rows()[1:], *rows(stars=bad)[:1]])
    with pytest.raises(DataError, match=rf"a\.jsonl, line 3: found label '{bad}'; expected one of 1, 2, 3, 4, 5"):
        load("file:a.jsonl")
    as_csv("a.csv", rows(stars=bad))
    with pytest.raises(DataError, match=r"a\.csv, line 2: found label"):
        load("file:a.csv")


def test_missing_columns_are_named():
    as_jsonl("a.jsonl", [{"text": "x", "stars": 4}])
    expected = r"expected the columns review_body, stars \(review_title and product_category may be missing\)"
    with pytest.raises(DataError, match=expected):
        load("file:a.jsonl")
    with pytest.raises(ValueError, match="belongs to sources of questions"):
        load(FileSource(path="a.jsonl", questions="b.jsonl"))


def hub(folder, some):
    (folder / "en").mkdir(parents=True)
    table = datasets.Dataset.from_list(some)
    table.to_parquet(folder / "en" / "test.parquet")
    head = "---\nconfigs:\n- config_name: en\n  data_files:\n  - split: test\n    path: en/test.parquet\n---\n"
    (folder / "README.md").write_text(head)
    return HubSource(name=str(folder), config="{lang}", split="test")


def test_any_set_with_these_columns_loads_in_the_hubs_layout(tmp_path):
    some = rows(review_title=None)[:2]
    corpus = load(hub(tmp_path / "a", [*some, {**some[0], "review_body": None}]))
    assert corpus.rows["en"].to_list() == [{**ENGLISH[0], "review_title": ""}, ENGLISH[1]]
    assert corpus.skipped == {"en": {"no review_body": 1}}
    named = [{name: value for name, value in row.items() if name != "stars"} | {"label": 0} for row in some]
    spelled = hub(tmp_path / "b", named).model_copy(update={"labels": tuple("01234")})
    assert load(spelled).rows["en"]["label"][:] == [0, 0]
    with pytest.raises(DataError, match=r"row 1.*label '9'"):
        load(hub(tmp_path / "c", [{**some[0], "stars": 9}]))


def test_the_content_is_in_the_fingerprint():
    as_jsonl("a.jsonl", rows())
    before = fingerprint(parse_source("file:a.jsonl"), ["en"], REVIEW)
    as_jsonl("a.jsonl", rows(stars=2))
    assert fingerprint(parse_source("file:a.jsonl"), ["en"], REVIEW) != before


def test_the_mini_worlds_reviews_are_aligned_and_have_a_fingerprint_of_their_own():
    source = parse_source("world:?rows=25&split=dev")
    corpus = load(source, ["en", "tr", "sw"])
    assert corpus.aligned and corpus.counts == {"en": 25, "tr": 25, "sw": 25}
    labels = [table["label"][:] for table in corpus.rows.values()]
    assert labels[0] == labels[1] == labels[2] and sorted(labels[0]) == sorted(list(range(5)) * 5)
    assert fingerprint(source, ["en"], REVIEW) != fingerprint(source, ["en"])
    options = ("", "?mixed=true", "?mixed=true&opinions=true", "?opinions=true")
    assert len({fingerprint(parse_source(f"world:{more}"), ["en"]) for more in options}) == 4
    with pytest.raises(ValueError, match="opinions=true is for text without labels"):
        load_rows(parse_source("world:?opinions=true"), REVIEW, ["en"])

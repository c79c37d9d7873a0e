"""Short forms of sources: what they mean, that they round trip, and what a wrong one is answered."""

import pytest
from pydantic import TypeAdapter

from polydistill.data.rows.sources import FileSource, HubSource, Source, WorldSource, format_source, parse_source

COMMIT = "0123456789abcdef0123456789abcdef01234567"

SHORT_FORMS = {
    "world:": WorldSource(),
    "world:medium?seed=3&rows=2000&split=dev": WorldSource(difficulty="medium", seed=3, rows=2000, split="dev"),
    "file:xnli/dev-{lang}.tsv": FileSource(path="xnli/dev-{lang}.tsv"),
    "file:a b/ntrex-*.{lang}.txt?aligned=true&rows=5": FileSource(path="a b/ntrex-*.{lang}.txt", aligned=True, rows=5),
    "file:rows.csv?layout=headed": FileSource(path="rows.csv", layout="headed"),
    "file:rows.csv?columns=premise:first one,hypothesis:b/c&labels=0,1,2": FileSource(
        path="rows.csv", columns={"premise": "first one", "hypothesis": "b/c"}, labels=("0", "1", "2")
    ),
    "file:odd%3Fname%25.tsv?aligned=false": FileSource(path="odd?name%.tsv", aligned=False),
    f"hub:facebook/xnli@{COMMIT}?config={{lang}}&split=validation": HubSource(
        name="facebook/xnli", revision=COMMIT, config="{lang}", split="validation"
    ),
    "hub:./my@home/folder": HubSource(name="./my@home/folder"),
}


@pytest.mark.parametrize("text", SHORT_FORMS)
def test_short_form_means(text):
    assert parse_source(text) == SHORT_FORMS[text]


@pytest.mark.parametrize("source", SHORT_FORMS.values(), ids=SHORT_FORMS)
def test_round_trips(source):
    assert parse_source(format_source(source)) == source
    adapter = TypeAdapter(Source)
    assert adapter.validate_json(adapter.dump_json(source)) == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("xnli/dev.tsv", r"is not a source\. Expected world:, file:PATH or hub:NAME@COMMIT"),
        ("http://x", "is not a source"),
        ("world:mini?row=5", r"Unknown option of a world: source 'row'\. Did you mean 'rows'\?"),
        ("world:mini?rows=many", "rows: .*not 'many'"),
        ("world:mini?rows=0", "rows: .*greater than or equal to 1, not '0'"),
        ("world:mini?split=validation", "split: .*'train', 'dev' or 'test'.*not 'validation'"),
        ("world:?rows=5&rows=6", "gives 'rows' twice"),
        ("world:?rows", "expected key=value"),
        ("file:", "path: .*not ''"),
        ("file:x.tsv?layout=glue", "layout: .*'multinli', 'xnli'.*not 'glue'"),
        ("file:x.csv?columns=premise", "expected ours:theirs"),
        ("hub:facebook/xnli@main", "revision: .*not 'main'.*full hash of a commit"),
    ],
)
def test_wrong_short_form(text, message):
    with pytest.raises(ValueError, match=message):
        parse_source(text)

import json
from pathlib import Path

import pytest

import polydistill as toolkit


def test_corpora_prints_and_writes_the_counts(polydistill, work, own_model):
    Path("more.tsv").write_text("a b\ta b\n\tboş\nfirst\tilk\nfirst\tilk\n")
    forms = ["en-tr=text", "en-tr=more.tsv"]
    result = polydistill(f"corpora {' '.join(forms)} --rows 1 --json counts.json")
    assert result.exit_code == 0, result.output
    counts = toolkit.corpora(forms).counts
    assert json.loads(Path("counts.json").read_text()) == [one.model_dump(mode="json") for one in counts]
    assert counts[1].dropped == {"blank": 1, "same on both sides": 1, "duplicate": 1}
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["tr", "file:more.tsv", "4", "1", "1", "1", "1"] in lines
    assert lines[-1][0] == "tr"
    assert any(line[:1] == ["all"] for line in lines)


def test_lengths_count_where_there_is_a_tokenizer(polydistill, work, own_model):
    counts = toolkit.corpora(["en-tr=text"], own_model, shortest=8, longest=30).counts
    assert counts[0].dropped["too short"] > 0
    assert polydistill(f"corpora en-tr=text --tokenizer {own_model} --shortest 8").exit_code == 0
    assert toolkit.corpora(["en-tr=text"]).counts[0].kept == 12 - counts[0].dropped.get("duplicate", 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("text.en", "expected a pair of languages and its text"),
        (
            "en-tr=text --shortest 5",
            "Lengths (shortest=5) are in tokens, and there is no tokenizer to count them. Name one (--tokenizer MODEL)",
        ),
        ("en-tr=nowhere", "no file for language 'en'"),
        ("en-tr=missing.zip", "missing.zip: found no such file; expected a readable file. Check the path."),
        ("en-tr=missing.tsv.gz", "missing.tsv.gz: found no such file"),
        ("en-tr=missing.txt.xz", "missing.txt.xz: found no such file"),
        ("en-tr=text --at-most 0", "at_most is 0; expected 1 to 1,000,000,000"),
    ],
)
def test_what_cannot_be_read_says_so(polydistill, work, options, says):
    result = polydistill(f"corpora {options}")
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())

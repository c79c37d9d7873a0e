"""Rows in a pair of languages: from the mini-world, from every layout of files and from the hub; what is refused."""

import json

import datasets
import numpy as np
import pytest

from polydistill.data.rows.load import fingerprint, load_aligned, load_rows, load_text
from polydistill.data.rows.shapes import CHOICES, PAIR_OF_SENTENCES, WORDS
from polydistill.data.rows.sources import FileSource, HubSource, WorldSource
from polydistill.errors import DataError
from polydistill.languages import called, canonical, parts_of

LABELS = PAIR_OF_SENTENCES.labels
ROWS = {
    "fr": [("un chat", "un animal", 0), ("un chien", "un chat", 2), ("du pain", "un homme", 1)],
    "de": [("eine Katze", "ein Tier", 0), ("ein Hund", "eine Katze", 2), ("Brot", "ein Mann", 1)],
}
MIXED = {
    "premise": ["un chat", "un chien", "du pain"],
    "hypothesis": ["ein Tier", "eine Katze", "ein Mann"],
    "label": [0, 2, 1],
}


def headed(columns, rows, **more):
    lines = ["\t".join([*columns, *more])]
    lines += ["\t".join([*map(str, row), *more.values()]) for row in rows]
    return "\n".join(lines) + "\n"


def by_name(rows):
    return [(first, second, LABELS[label]) for first, second, label in rows]


def multinli(folder):
    for code, rows in ROWS.items():
        (folder / f"{code}.tsv").write_text(headed(("sentence1", "sentence2", "gold_label"), by_name(rows)))
    return FileSource(path=str(folder / "{lang}.tsv"))


def xnli(folder):
    """All languages in one file, one after the other."""
    names, lines = ("language", "gold_label", "sentence1", "sentence2"), []
    for code, rows in ROWS.items():
        lines += [(code, LABELS[label], first, second) for first, second, label in rows]
    (folder / "xnli.dev.tsv").write_text(headed(names, lines))
    return FileSource(path=str(folder / "xnli.dev.tsv"))


def xnli_mt(folder):
    for code, rows in ROWS.items():
        spelled = [(a, b, label.replace("contradiction", "contradictory")) for a, b, label in by_name(rows)]
        (folder / f"multinli.train.{code}.tsv").write_text(headed(("premise", "hypo", "label"), spelled))
    return FileSource(path=str(folder / "multinli.train.{lang}.tsv"))


def xtreme(folder):
    for code, rows in ROWS.items():
        (folder / f"dev-{code}.tsv").write_text("".join("\t".join(row) + "\n" for row in by_name(rows)))
    return FileSource(path=str(folder / "dev-{lang}.tsv"))


def jsonl(folder):
    with (folder / "rows.jsonl").open("w") as file:
        for code, rows in ROWS.items():
            for first, second, label in by_name(rows):
                row = {"premise": first, "hypothesis": second, "label": label, "language": code}
                file.write(json.dumps(row) + "\n")
    return FileSource(path=str(folder / "rows.jsonl"))


def unlabelled(folder):
    """XTREME's test files have no labels, so they must say that they are aligned."""
    for code, rows in ROWS.items():
        (folder / f"test-{code}.tsv").write_text("".join(f"{first}\t{second}\n" for first, second, _ in rows))
    return FileSource(path=str(folder / "test-{lang}.tsv"), aligned=True)


def hub(folder):
    for code, rows in ROWS.items():
        (folder / "data" / code).mkdir(parents=True)
        with (folder / "data" / code / "train.jsonl").open("w") as file:
            for first, second, label in rows:
                file.write(json.dumps({"premise": first, "hypothesis": second, "label": LABELS[label]}) + "\n")
    configurations = [{"config_name": code, "data_files": f"{code}/train.jsonl"} for code in ROWS]
    (folder / "data" / "README.md").write_text("---\n" + json.dumps({"configs": configurations}) + "\n---\n")
    return HubSource(name=str(folder / "data"), config="{lang}")


@pytest.mark.parametrize(
    "layout", [multinli, xnli, xnli_mt, xtreme, jsonl, unlabelled, hub], ids=lambda one: one.__name__
)
def test_every_layout_gives_pairs(tmp_path, monkeypatch, layout):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    corpus = load_rows(layout(tmp_path), PAIR_OF_SENTENCES, ["fr-de", "de"])
    assert corpus.languages == ("fr-de", "de")
    wanted = {name: MIXED[name] for name in corpus.rows["fr-de"].column_names}
    assert wanted.keys() >= {"premise", "hypothesis"}
    assert ("label" in wanted) == (layout is not unlabelled)
    assert corpus.rows["fr-de"].to_dict() == wanted
    assert corpus.rows["de"]["premise"][:] == [row[0] for row in ROWS["de"]]
    assert corpus.rows["fr-de"].features == corpus.rows["de"].features


def test_the_mini_world_in_pairs():
    source = WorldSource(rows=12, split="dev")
    corpus = load_rows(source, PAIR_OF_SENTENCES, ["en-tr", "tr-en", "English-Swahili"])
    single = load_rows(source, PAIR_OF_SENTENCES, ["en", "tr"]).rows
    assert corpus.languages == ("en-tr", "tr-en", "en-sw")
    for first, second in (("en", "tr"), ("tr", "en")):
        assert corpus.rows[f"{first}-{second}"].to_dict() == {
            "premise": single[first]["premise"][:],
            "hypothesis": single[second]["hypothesis"][:],
            "label": single["en"]["label"][:],
        }


def test_questions_in_pairs():
    rows = load_rows(WorldSource(rows=6), CHOICES, ["en-tr", "tr"]).rows
    english = load_rows(WorldSource(rows=6), CHOICES, ["en"]).rows["en"]
    assert rows["en-tr"]["premise"][:] == english["premise"][:]
    assert rows["en-tr"]["choices"][:] == rows["tr"]["choices"][:]


def test_only_the_first_rows(tmp_path):
    source = xtreme(tmp_path).model_copy(update={"rows": 2})
    assert load_rows(source, PAIR_OF_SENTENCES, ["fr-de"]).counts == {"fr-de": 2}


def test_rows_after_the_first(tmp_path):
    """Parts of one file have no row in common and leave none out; to skip all is refused."""
    whole = xtreme(tmp_path)
    parts = [whole.model_copy(update=update) for update in ({"rows": 1}, {"skip": 1, "rows": 1}, {"skip": 2})]
    read = [load_rows(part, PAIR_OF_SENTENCES, ["fr-de"]).rows["fr-de"]["premise"][:] for part in parts]
    assert [*read[0], *read[1], *read[2]] == load_rows(whole, PAIR_OF_SENTENCES, ["fr-de"]).rows["fr-de"]["premise"][:]
    assert [len(part) for part in read[:2]] == [1, 1]
    with pytest.raises(DataError, match=r"rows; expected more than skip=50\. Skip fewer"):
        load_rows(whole.model_copy(update={"skip": 50}), PAIR_OF_SENTENCES, ["fr"])


def test_rows_without_a_gold_label_are_left_out_of_both(tmp_path):
    for code, rows in ROWS.items():
        spelled = [by_name(rows)[0], ("x", "y", "-"), *by_name(rows)[1:]]
        (tmp_path / f"{code}.tsv").write_text(headed(("premise", "hypothesis", "label"), spelled))
    corpus = load_rows(FileSource(path=str(tmp_path / "{lang}.tsv")), PAIR_OF_SENTENCES, ["fr-de"])
    assert corpus.rows["fr-de"].to_dict() == MIXED
    assert corpus.skipped == {"fr-de": {"no gold label": 1}}


def test_rows_whose_labels_differ_are_refused(tmp_path):
    source = xtreme(tmp_path)
    (tmp_path / "dev-de.tsv").write_text("".join("\t".join(row) + "\n" for row in by_name(ROWS["de"])[::-1]))
    for claimed in (None, True):
        with pytest.raises(
            ValueError, match=r"row 1 with the labels entailment \(fr\), neutral \(de\); expected rows that"
        ):
            load_rows(source.model_copy(update={"aligned": claimed}), PAIR_OF_SENTENCES, ["fr-de"])


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("eine Katze\tein Tier\tentailment\n", {}, r"row counts 3 \(fr\), 1 \(de\)"),
        ("a\tb\nc\td\ne\tf\n", {"layout": "headerless"}, r"no labels in both languages .* say aligned=true"),
        (None, {"aligned": False}, "aligned=false"),
    ],
)
def test_rows_that_are_not_known_to_be_the_same_are_refused(tmp_path, text, options, says):
    source = xtreme(tmp_path).model_copy(update=options)
    if text is not None:
        (tmp_path / "dev-de.tsv").write_text(text)
    with pytest.raises(ValueError, match=says):
        load_rows(source, PAIR_OF_SENTENCES, ["fr-de"])


def test_another_language_that_is_not_aligned_does_not_matter(tmp_path):
    source = xtreme(tmp_path)
    (tmp_path / "dev-en.tsv").write_text("a cat\tan animal\tentailment\n")
    corpus = load_rows(source, PAIR_OF_SENTENCES, ["fr-de", "en"])
    assert corpus.counts == {"fr-de": 3, "en": 1}
    assert not corpus.aligned
    with pytest.raises(ValueError, match="This needs rows that say the same in every language"):
        load_aligned(source, PAIR_OF_SENTENCES, ["fr-de", "en"], "This")


def test_rows_of_one_text_have_no_pairs(tmp_path):
    (tmp_path / "x.en").write_text("a\n")
    (tmp_path / "x.tr").write_text("b\n")
    with pytest.raises(ValueError, match=r"'en-tr' asks for texts in two languages, but rows with the column 'text'"):
        load_text(FileSource(path=str(tmp_path / "x.{lang}")), ["en-tr"])
    with pytest.raises(ValueError, match="rows with the column 'tokens' have one text"):
        load_rows(WorldSource(rows=2), WORDS, ["en-tr"])


def test_a_pair_has_a_fingerprint_of_its_own(tmp_path):
    source = xtreme(tmp_path)
    codes = (["fr-de"], ["de-fr"], ["fr", "de"], ["fr"])
    before = {tuple(some): fingerprint(source, some) for some in codes}
    assert len(set(before.values())) == 4
    (tmp_path / "dev-de.tsv").write_text("x\ty\tneutral\n")
    changed = [some for some in codes if fingerprint(source, some) != before[tuple(some)]]
    assert changed == [["fr-de"], ["de-fr"], ["fr", "de"]]


def test_rows_of_a_pair_are_found_again_by_what_they_hold(tmp_path):
    def tables(folder):
        folder.mkdir()
        source = xtreme(folder)
        return [load_rows(source, PAIR_OF_SENTENCES, [code]).rows[code] for code in ("fr-de", "de-fr")]

    one, again = tables(tmp_path / "a"), tables(tmp_path / "b")
    assert [rows._fingerprint for rows in one] == [rows._fingerprint for rows in again]
    assert one[0]._fingerprint != one[1]._fingerprint
    assert np.asarray(one[0]["label"]).tolist() == MIXED["label"]


def test_codes_of_pairs():
    assert canonical("English-hin") == "en-hi"
    assert canonical("zho-CN") == "zh"
    assert canonical("zho-CN-en") == "zh-en"
    assert canonical("en-zho-CN") == "en-zh"
    assert (parts_of("en-hi"), parts_of("hin")) == (("en", "hi"), ("hi",))
    assert (called("en-hi"), called("tr")) == ("English-Hindi", "Turkish")
    with pytest.raises(ValueError, match=r"Unknown language, or pair of languages such as en-hi, 'en-xx'"):
        canonical("en-xx")
    with pytest.raises(ValueError, match="'en-eng' names one language twice"):
        canonical("en-eng")

"""From a source to rows in one call: the mini-world's rows, languages by any code, and fingerprints of the content."""

import datasets
import pytest

from polydistill.data.rows import load
from polydistill.data.rows.load import fingerprint, load_rows, load_text
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE, RowShape
from polydistill.data.rows.sources import FileSource, HubSource, WorldSource
from polydistill.world.corpora import World
from polydistill.world.grammar import available_languages

LANGUAGES = available_languages()


def test_world_pairs_are_the_worlds_own_in_every_language():
    corpus = load_rows(WorldSource(seed=3, rows=12, split="dev"), PAIR_OF_SENTENCES, LANGUAGES)
    world = World(seed=3, difficulty="mini")
    pairs = world.nli("dev", 12)
    assert corpus.languages == LANGUAGES
    assert corpus.aligned
    for code, rows in corpus.rows.items():
        assert rows.column_names == ["premise", "hypothesis", "label"]
        assert rows["label"][:] == [pair.label for pair in pairs]
        assert rows["premise"][:] == world.sentences([pair.premise for pair in pairs], code)
        assert rows["hypothesis"][:] == world.sentences([pair.hypothesis for pair in pairs], code)


def test_world_sentences_are_aligned():
    corpus = load_text(WorldSource(rows=7), LANGUAGES)
    meanings = World(seed=0, difficulty="mini").meanings("train", 7)
    assert corpus.aligned
    assert corpus.shape == SENTENCE
    for code, rows in corpus.rows.items():
        assert rows.to_dict() == {"text": World(seed=0, difficulty="mini").sentences(meanings, code)}


def test_world_refuses_shapes_it_does_not_have():
    with pytest.raises(ValueError, match=r"no rows with the columns question, answer\. It has premise, hypothesis"):
        load_rows(WorldSource(), RowShape(("question", "answer")), ["en"])


def test_same_types_from_every_source(tmp_path):
    (tmp_path / "dev.tsv").write_text("premise\thypothesis\tlabel\na\tb\tneutral\n")
    from_file = load_rows(FileSource(path=str(tmp_path / "dev.tsv")), PAIR_OF_SENTENCES, ["en"])
    from_world = load_rows(WorldSource(rows=3), PAIR_OF_SENTENCES, ["en"])
    assert from_file.rows["en"].features == from_world.rows["en"].features


def test_languages_by_any_code():
    assert load_text(WorldSource(rows=2), ["eng"]).languages == ("en",)
    assert load_text(WorldSource(rows=2), ["English"]).languages == ("en",)
    for wrong, message in (("en", "list of languages"), ([], "list of languages"), (["en", "eng"], "asked for twice")):
        with pytest.raises(ValueError, match=message):
            load_text(WorldSource(), wrong)
    with pytest.raises(ValueError, match="Unknown language 'klingon'"):
        load_text(WorldSource(), ["klingon"])


def test_text_of_a_file_source(tmp_path):
    (tmp_path / "x.en").write_text("a\nb\n")
    (tmp_path / "x.tr").write_text("c\nd\n")
    source = FileSource(path=str(tmp_path / "x.{lang}"), aligned=True)
    corpus = load_text(source, ["en", "tr"])
    assert {code: rows["text"][:] for code, rows in corpus.rows.items()} == {"en": ["a", "b"], "tr": ["c", "d"]}
    assert load_rows(source, SENTENCE, ["en", "tr"]).aligned


def test_fingerprint_of_files_is_of_their_content(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.en").write_text("one\n")
        (tmp_path / folder / "x.tr").write_text("bir\n")
    sources = {folder: FileSource(path=str(tmp_path / folder / "x.{lang}")) for folder in ("a", "b")}
    before = fingerprint(sources["a"], ["en", "tr"])
    assert len(before) == 64
    assert fingerprint(sources["a"], ["tr", "eng"]) == before
    assert fingerprint(sources["b"], ["en", "tr"]) == before
    assert fingerprint(sources["a"], ["en"]) != before
    assert fingerprint(sources["a"].model_copy(update={"rows": 1}), ["en", "tr"]) != before
    (tmp_path / "b" / "x.tr").write_text("bin\n")
    assert fingerprint(sources["b"], ["en", "tr"]) != before
    (tmp_path / "b" / "x.tr").write_text("one\n")
    (tmp_path / "b" / "x.en").write_text("bir\n")
    assert fingerprint(sources["b"], ["en", "tr"]) != before


def test_fingerprint_of_a_folder_and_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "data"
    (folder / ".git").mkdir(parents=True)
    (folder / "train.jsonl").write_text('{"text": "a"}\n')
    source = HubSource(name=str(folder))
    before = fingerprint(source, ["en"])
    (folder / ".git" / "HEAD").write_text("x")
    assert fingerprint(source, ["en"]) == before
    assert load_text(source, ["en"]).rows["en"]["text"][:] == ["a"]
    assert fingerprint(source, ["en"]) == before
    (folder / "train.jsonl").write_text('{"text": "b"}\n')
    changed = fingerprint(source, ["en"])
    assert changed != before
    assert load_text(source, ["en"]).rows["en"]["text"][:] == ["b"]
    (folder / "train.jsonl").rename(folder / "test.jsonl")
    assert fingerprint(source, ["en"]) != changed
    pins = [HubSource(name=name, revision=pin * 40) for name, pin in (("o/a", "0"), ("o/a", "1"), ("o/b", "0"))]
    assert len({fingerprint(pin, ["en"]) for pin in pins}) == 3
    with pytest.raises(ValueError, match="needs a revision"):
        fingerprint(HubSource(name="o/a"), ["en"])


def test_fingerprint_of_the_world():
    source = WorldSource(rows=5)
    known = {fingerprint(source, ["en"]), fingerprint(source, ["en", "tr"])}
    for change in ({"rows": 6}, {"seed": 1}, {"split": "dev"}, {"difficulty": "medium"}):
        known.add(fingerprint(source.model_copy(update=change), ["en"]))
    assert len(known) == 6
    assert fingerprint(WorldSource(rows=5), ["en"]) in known


def test_rows_of_a_file_are_read_once_until_its_content_changes(tmp_path, monkeypatch):
    read, plain = [], load._load
    monkeypatch.setattr(load, "_load", lambda *given: read.append(given) or plain(*given))
    file = tmp_path / "rows.tsv"
    file.write_text("premise\thypothesis\tlabel\na\tb\tneutral\n")
    load.forget_rows()
    first = [load_rows(FileSource(path=str(file)), PAIR_OF_SENTENCES, ["en"]) for _ in range(2)]
    assert len(read) == 1 and first[0] is first[1]
    assert len(load_rows(FileSource(path=str(file), rows=1), PAIR_OF_SENTENCES, ["en"]).rows["en"]) == 1
    assert load_rows(FileSource(path=str(file)), PAIR_OF_SENTENCES, ["de"]).languages == ("de",)
    assert len(read) == 3
    file.write_text("premise\thypothesis\tlabel\nc\tb\tneutral\n")
    assert load_rows(FileSource(path=str(file)), PAIR_OF_SENTENCES, ["en"]).rows["en"]["premise"][:] == ["c"]
    load.forget_rows()
    assert not load._loaded

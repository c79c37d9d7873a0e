"""Which rows XD pairs up: a task's rows in two languages, or plain parallel sentences; long ones cut or dropped."""

import numpy as np
import pytest

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.data.translations.given import as_corpora
from polydistill.methods.method import Models
from polydistill.methods.xd import XDSpec
from polydistill.models.loaded import Loaded
from tiny import tiny_network, tiny_tokenizer

WORLD = WorldSource(rows=24)
EN = ["a cat", "a dog", "the old woman sees", "bread", "a man", "b c"]
TR = ["bir kedi", "bir köpek", "yaşlı kadın görür", "ekmek", "bir adam", "ç ğ"]


def prepared_of(tmp_path, seed=0, **spec):
    spec = {"languages": ("en", "tr"), "store_teacher": False, **spec}
    models = Models(*(Loaded(tiny_network(seed=s), tiny_tokenizer()) for s in (1, 2)), tmp_path / "signals")
    return XDSpec(**spec).prepare(models, seed)


def texts_of(encoded):
    """Every row's texts, back from their ids."""
    tokenizer = tiny_tokenizer()
    rows = []
    for text in encoded.take(np.arange(len(encoded))):
        ids = text["input_ids"].tolist()
        middle = [i for i in range(1, len(ids) - 1) if ids[i] == ids[i + 1] == tokenizer.eos_token_id]
        cut = middle[0] if middle else len(ids)
        rows.append(tuple(tokenizer.decode(part, skip_special_tokens=True) for part in (ids[:cut], ids[cut:])))
    return rows


@pytest.fixture
def moses(tmp_path):
    for code, lines in (("en", EN), ("tr", TR)):
        (tmp_path / f"news.{code}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return as_corpora({"tr": tmp_path / "news.{lang}"}).corpora


def test_rows_of_a_task_in_two_languages(tmp_path):
    prepared = prepared_of(tmp_path, data=WORLD)
    assert [group.language for group in prepared.groups] == ["en", "tr"]
    corpus = load_rows(WORLD, PAIR_OF_SENTENCES, ["en", "tr"])
    for group in prepared.groups:
        pairs = {
            code: list(zip(rows["premise"], rows["hypothesis"], strict=True)) for code, rows in corpus.rows.items()
        }
        assert texts_of(group.texts["source"]) == pairs["en"]
        assert texts_of(group.texts["target"]) == pairs[group.language]
        assert not group.values  # no labels


def test_a_target_without_the_source_language(tmp_path):
    spec = {"data": WORLD, "languages": ("tr",)}
    assert [group.language for group in prepared_of(tmp_path, **spec).groups] == ["tr"]
    assert XDSpec(**spec).reads == ((WORLD, ("en", "tr")),)
    assert XDSpec(**spec).labels_seen == ()


def test_another_source_language(tmp_path):
    group = prepared_of(tmp_path, data=WORLD, languages=("fr",), source_language="tr").groups[0]
    rows = load_rows(WORLD, PAIR_OF_SENTENCES, ["tr"]).rows["tr"]
    assert texts_of(group.texts["source"]) == list(zip(rows["premise"], rows["hypothesis"], strict=True))


def test_parallel_sentences_are_paired_up_alike_on_both_sides(tmp_path, moses):
    english, turkish = prepared_of(tmp_path, corpora=moses, draw="random").groups
    translation = dict(zip(EN, TR, strict=True))
    source, target = texts_of(turkish.texts["source"]), texts_of(turkish.texts["target"])
    assert [first for first, _ in source] == EN
    assert [(translation[first], translation[second]) for first, second in source] == target
    assert sorted(second for _, second in source) == sorted(EN)
    assert [second for _, second in source] != EN
    assert english.language == "en"
    assert texts_of(english.texts["source"]) == texts_of(english.texts["target"]) == source


def test_rows_are_drawn_by_what_the_teacher_says(tmp_path, moses):
    prepared = prepared_of(tmp_path, corpora=moses)
    english, turkish = prepared.groups
    translation = dict(zip(EN, TR, strict=True))
    source, target = texts_of(turkish.texts["source"]), texts_of(turkish.texts["target"])
    assert [(translation[first], translation[second]) for first, second in source] == target
    assert texts_of(english.texts["source"]) == source
    shares = prepared.notes["answers"]["tr"]
    assert tuple(shares) == PAIR_OF_SENTENCES.labels
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    rare = [label for label, share in shares.items() if share < 0.02]
    assert [all(label in remark for label in rare) for remark in prepared.told] == [True] * bool(rare)


def test_an_anchor_is_what_the_source_language_learns_from(tmp_path, moses):
    anchor = WorldSource(rows=9)
    spec = {"corpora": moses, "anchor": anchor}
    english, turkish = prepared_of(tmp_path, **spec).groups
    rows = load_rows(anchor, PAIR_OF_SENTENCES, ["en"]).rows["en"]
    assert texts_of(english.texts["source"]) == list(zip(rows["premise"], rows["hypothesis"], strict=True))
    assert {text for pair in texts_of(turkish.texts["target"]) for text in pair} <= set(TR)
    assert XDSpec(languages=("en", "tr"), **spec).reads[-1] == (anchor, ("en",))
    assert XDSpec(languages=("en", "tr"), **spec).labels_seen == ()
    with pytest.raises(ValueError, match=r"An anchor goes with parallel corpora"):
        XDSpec(languages=("en", "tr"), data=WORLD, anchor=anchor)
    with pytest.raises(ValueError, match=r"An anchor goes with parallel corpora"):
        XDSpec(languages=("tr",), **spec)


def test_the_anchor_has_a_share_of_the_steps(tmp_path, moses):
    anchored = {"corpora": moses, "anchor": WorldSource(rows=9), "anchor_share": 0.25}
    assert [group.share for group in prepared_of(tmp_path, **anchored).groups] == [0.25, None]
    with pytest.raises(ValueError, match=r"anchor_share is of the steps that learn from an anchor"):
        XDSpec(languages=("en", "tr"), corpora=moses, anchor_share=0.25)


@pytest.mark.parametrize("draw", ["random", "answers"])
def test_the_seed_pairs_sentences_up(tmp_path, moses, draw):
    spec = {"corpora": moses, "draw": draw}
    first, again, other = (prepared_of(tmp_path, seed, **spec).groups[1].texts["source"] for seed in (0, 0, 1))
    assert texts_of(first) == texts_of(again)
    assert texts_of(first) != texts_of(other)


def test_what_parallel_text_reads(moses):
    spec = XDSpec(languages=("en", "tr"), corpora=moses)
    assert [source for source, _ in spec.reads] == [moses[0].data]


@pytest.mark.parametrize("stored", [False, True])
def test_long_rows_are_cut_or_dropped_on_both_sides(tmp_path, stored):
    whole = prepared_of(tmp_path, data=WORLD).groups[1].texts
    limit = int(np.median(whole["target"].lengths))
    cut = prepared_of(tmp_path, data=WORLD, max_length=limit, store_teacher=stored).groups[1]
    assert len(cut.texts["target"]) == 24
    assert cut.texts["target"].lengths.max() == limit
    dropped = prepared_of(tmp_path, data=WORLD, max_length=limit, longer="drop", store_teacher=stored).groups[1]
    short = (whole["source"].lengths <= limit) & (whole["target"].lengths <= limit)
    assert 0 < short.sum() < 24
    assert texts_of(dropped.texts["target"]) == [
        t for t, is_ in zip(texts_of(whole["target"]), short, strict=True) if is_
    ]
    if stored:
        assert len(dropped.values["signal"]) == short.sum()
    else:
        assert len(dropped.texts["source"]) == short.sum()


def said_of(group):
    """What the teacher says of every row."""
    signals = group.values["signal"]
    return signals[np.arange(len(signals))]


def test_one_reading_of_the_teacher_serves_all_target_languages(tmp_path):
    pieces = (tmp_path / "signals").rglob
    prepared = prepared_of(tmp_path, data=WORLD, languages=("en", "fr", "tr"), store_teacher=True)
    assert not list(pieces("*.arrow"))  # nobody knows yet which rows are needed
    signals = [said_of(group) for group in prepared.groups]
    assert len(list(pieces("*.arrow"))) == 1
    assert all(np.array_equal(signals[0], one) for one in signals)
    said_of(prepared_of(tmp_path, data=WORLD, languages=("en",), store_teacher=True, on="first").groups[0])
    assert len(list(pieces("*.arrow"))) == 2


def test_signals_are_of_the_language_that_the_teacher_was_told(tmp_path):
    (tmp_path / "dev.tsv").write_text(
        "language\tpremise\thypothesis\n" + "en\ta cat\ta dog\nfr\ta cat\ta dog\n", encoding="utf-8"
    )
    data = FileSource(path=str(tmp_path / "dev.tsv"), aligned=True)
    models = Models(*(Loaded(tiny_network("xlm", seed=s), tiny_tokenizer()) for s in (1, 2)), tmp_path / "signals")
    english, french = (
        said_of(XDSpec(languages=(code,), source_language=code, data=data).prepare(models, seed=0).groups[0])
        for code in ("en", "fr")
    )
    assert (english != french).any()


@pytest.mark.parametrize("stored", [False, True])
def test_no_row_is_short_enough(tmp_path, stored):
    with pytest.raises(ValueError, match=r"No 'en' row is left: all 24 are over max_length=3 tokens"):
        prepared_of(tmp_path, data=WORLD, max_length=3, longer="drop", store_teacher=stored)


def test_clear_errors(tmp_path, moses):
    with pytest.raises(ValueError, match=r"XD needs text to learn from"):
        XDSpec(languages=("en", "tr"))
    with pytest.raises(ValueError, match=r"XD needs either rows of the task .* or parallel corpora"):
        XDSpec(languages=("en", "tr"), data=WORLD, corpora=moses)
    for code, label in (("en", "neutral"), ("tr", "entailment")):
        (tmp_path / f"dev-{code}.tsv").write_text(f"premise\thypothesis\tlabel\na\tb\t{label}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"XD needs rows that say the same in every language; .* is not aligned"):
        prepared_of(tmp_path, data=FileSource(path=str(tmp_path / "dev-{lang}.tsv")))


@pytest.mark.parametrize("languages", [("en",), ("en", "fr"), ("tr", "fr")])
def test_languages_and_parallel_text_must_agree(moses, languages):
    with pytest.raises(ValueError, match=r"The languages are .*, but there is parallel text for tr\."):
        XDSpec(languages=languages, corpora=moses)


def test_languages_by_other_names():
    text = as_corpora("eng-tur=both.tsv").corpora
    spec = XDSpec(source_language="English", languages=("eng", "Turkish"), corpora=text)
    assert (spec.source_language, spec.languages, spec.corpora[0].target) == ("en", ("en", "tr"), "tr")


def test_student_and_teacher_are_two_networks(tmp_path):
    network = Loaded(tiny_network(), tiny_tokenizer())
    with pytest.raises(AssertionError, match="a network of its own"):
        XDSpec(languages=("tr",), data=WORLD).prepare(Models(network, network, tmp_path), seed=0)

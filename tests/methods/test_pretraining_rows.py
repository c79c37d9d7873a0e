"""What masked language modelling reads: every sentence once, alone or with its translation, and how much is hidden."""

import numpy as np
import pytest
from method_cases import batch_of

from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.method import Models
from polydistill.methods.pretraining import PretrainSpec
from polydistill.models.loaded import Loaded
from tiny import tiny_network, tiny_tokenizer

CODES, ROWS = ("en", "fr", "tr"), 60
WORLD = WorldSource(rows=ROWS)


def prepared_of(seed=0, family="xlm-roberta", **spec):
    spec = {"languages": CODES, "data": WORLD, **spec}
    return PretrainSpec(**spec).prepare(Models(Loaded(tiny_network(family, "mlm"), tiny_tokenizer())), seed)


def rows_of(prepared):
    (group,) = prepared.groups
    text = group.texts["text"]
    return list(zip(text.take(np.arange(len(text))), group.values["paired"], strict=True))


def sentences():
    corpus = load_text(WORLD, CODES)
    return [[tiny_tokenizer()(text)["input_ids"] for text in corpus.rows[code]["text"]] for code in CODES]


def test_without_pairs_every_sentence_stands_alone():
    rows = rows_of(prepared_of(pairs=0.0))
    assert [row["input_ids"].tolist() for row, _ in rows] == [ids for language in sentences() for ids in language]
    assert not any(paired for _, paired in rows)


@pytest.mark.parametrize(("family", "start"), [("xlm-roberta", 2), ("bert", 0)])
def test_pairs_are_a_sentence_and_its_translation_with_positions_that_begin_again(family, start):
    all_ids, seen = sentences(), set()
    for number, (row, paired) in enumerate(rows_of(prepared_of(pairs=1.0, family=family))):
        language, sentence = divmod(number, ROWS)
        first = all_ids[language][sentence]
        ids, positions = row["input_ids"].tolist(), row["position_ids"].tolist()
        second = ids[len(first) :]
        partners = [o for o, other in enumerate(all_ids) if o != language and other[sentence][1:] == second]
        assert ids[: len(first)] == first
        assert partners
        assert paired
        seen.add((language, partners[0]))
        assert positions == [*range(start, start + len(first)), *range(start, start + len(second))]
    assert len(seen) == 6  # every direction occurs


def test_the_share_of_pairs():
    paired = [is_ for _, is_ in rows_of(prepared_of(pairs=0.6))]
    assert len(paired) == 3 * ROWS
    assert abs(np.mean(paired) - 0.6) < 4 * np.sqrt(0.24 / len(paired))


def test_the_seed_draws_the_pairs():
    first, again, other = ([row["input_ids"].tolist() for row, _ in rows_of(prepared_of(seed))] for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_batches_are_masked_at_both_rates():
    prepared = prepared_of(mask_rate=0.1, pair_mask_rate=0.9)
    shares = {True: [], False: []}
    for step in range(4):
        batch = batch_of(prepared, step)
        hidden = (batch["labels"] != IGNORED).sum(1) / batch["text"]["attention_mask"].sum(1)
        for is_pair, share in zip(batch["paired"].tolist(), hidden.tolist(), strict=True):
            shares[is_pair].append(share)
    assert max(shares[False]) < 0.4 < 0.5 < min(shares[True])


def test_one_language_alone_has_no_pairs():
    assert not any(paired for _, paired in rows_of(prepared_of(languages=("tr",), pairs=0.9)))


def test_what_it_reads_and_that_it_sees_no_labels():
    spec = PretrainSpec(languages=CODES, data=WORLD)
    assert spec.reads == ((WORLD, CODES),)
    assert spec.labels_seen == ()


def test_clear_errors(tmp_path):
    for code, lines in (("en", "a\nb\n"), ("tr", "c\n")):
        (tmp_path / f"text.{code}").write_text(lines, encoding="utf-8")
    files = FileSource(path=str(tmp_path / "text.{lang}"))
    with pytest.raises(ValueError, match=r"Translation pairs need text that is aligned .* set `pairs` to 0"):
        prepared_of(languages=("en", "tr"), data=files)
    assert len(rows_of(prepared_of(languages=("en", "tr"), data=files, pairs=0.0))) == 3
    with pytest.raises(ValueError, match="No masked-language-modelling head is known for a 'xlm' model"):
        prepared_of(family="xlm")

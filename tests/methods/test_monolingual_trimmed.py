"""Trimmed students of an untrimmed teacher: it reads their pieces under its own numbers, and nothing of it is lost."""

import json

import numpy as np
import pytest
import torch
from monolingual_cases import plainly, spec
from transformers import PreTrainedTokenizerFast

from polydistill.data.batches.batches import collate
from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Models
from polydistill.methods.monolingual import Weights
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from polydistill.models.trimming.choosing import choose, count_pieces
from polydistill.models.trimming.network import needed, trimmed
from polydistill.models.trimming.piece_map import piece_map
from polydistill.models.trimming.vocabulary import Vocabulary, vocabulary_of
from reference import monolingual as reference
from tiny import BLOCKS, tiny_network, tiny_tokenizer

EVERYTHING = Weights(relations=0.2)
every_family = pytest.mark.parametrize("family", ["xlm-roberta", "bert", "modernbert"])


def trimmed_tokenizer(keep):
    """The tiny tokenizer with its most frequent Turkish pieces, and their ids in it."""
    vocabulary = vocabulary_of(tiny_tokenizer())
    texts = load_text(WorldSource(rows=30), ["tr"]).rows["tr"]["text"]
    counts = count_pieces(tiny_tokenizer(), texts, len(vocabulary.pieces))
    kept = choose(vocabulary, counts, ("Latin",), "frequency", keep, needed(tiny_network("xlm-roberta", "mlm")))
    names = {name: value for name, value in tiny_tokenizer().special_tokens_map.items() if isinstance(value, str)}
    return loaded(vocabulary.trimmed(kept), names), kept


def loaded(content, names):
    from tokenizers import Tokenizer

    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(content)), model_input_names=["input_ids"], **names
    )


def prepared_of(wanted, family="xlm-roberta", keep=120):
    tokenizer, kept = trimmed_tokenizer(keep)
    teacher = tiny_network(family, "mlm", seed=4)
    models = Models(Loaded(trimmed(teacher, kept), tokenizer), teacher=Loaded(teacher, tiny_tokenizer()))
    return wanted.prepare(models, 0), teacher, kept


def batch_of(prepared):
    group = next(group for group in prepared.groups if group.language == "tr")
    return prepared.transform(collate([(group, np.arange(5))]), np.random.default_rng(3))


@every_family
def test_a_student_that_is_its_teacher_but_for_pieces_has_only_words_to_learn(family):
    prepared, *_ = prepared_of(spec(depth=BLOCKS, weights=EVERYTHING), family)
    terms = prepared.method(**batch_of(prepared)).terms
    for name in terms.keys() - {"mlm"}:
        assert terms[name].value.item() == pytest.approx(0.0, abs=1e-12), name
    assert terms["mlm"].value.item() > 0.1


@every_family
def test_a_tail_is_something_to_learn(family):
    prepared, *_ = prepared_of(spec(depth=BLOCKS, lost_mass="tail"), family)
    assert prepared.method(**batch_of(prepared)).terms["hinton"].value.item() > 1e-2


@pytest.mark.parametrize("lost", ["renormalise", "tail"])
@pytest.mark.parametrize("positions", ["all", "masked"])
def test_equals_the_numpy_reference(lost, positions):
    prepared, teacher, kept = prepared_of(spec(depth=1, lost_mass=lost, positions=positions))
    batch = batch_of(prepared)
    found = prepared.method(**batch).terms["hinton"].value.item()
    own = plainly(prepared.students["turkish"].network, batch)["scores"]
    text = {**batch["text"], "input_ids": torch.tensor(kept)[batch["text"]["input_ids"]]}
    said = plainly(teacher, {**batch, "text": text})["scores"]
    counts = batch["labels"] != IGNORED if positions == "masked" else batch["text"]["attention_mask"].bool()
    unknown = tiny_tokenizer().unk_token_id if lost == "tail" else None
    rows = [
        reference.divergence(reference.on_kept(reference.softened(t, 2.0), kept, unknown), reference.softened(s, 2.0))
        for s, t in zip(own[counts.numpy()], said[counts.numpy()], strict=True)
    ]
    assert found == pytest.approx(4 * np.mean(rows), rel=1e-9)


def test_learning_leaves_the_teacher_alone_and_saves_no_map():
    prepared, teacher, _ = prepared_of(spec(depth=1))
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    sum(term.value for term in prepared.method(**batch_of(prepared)).terms.values()).backward()
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    assert not any(name.startswith("pieces") for name in prepared.method.state_dict())
    assert prepared.students["turkish"].network.get_input_embeddings().weight.grad is not None


def test_the_map_is_what_was_kept_also_after_trimming_twice():
    tokenizer, kept = trimmed_tokenizer(150)
    assert piece_map(tokenizer, tiny_tokenizer()).ids_V.tolist() == kept
    smaller = Vocabulary(vocabulary_of(tokenizer).trimmed(range(100)))
    names = {name: value for name, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
    assert piece_map(loaded(smaller.content, names), tiny_tokenizer()).ids_V.tolist() == kept[:100]


def test_the_same_pieces_need_no_map():
    assert piece_map(tiny_tokenizer(), tiny_tokenizer()).ids_V is None


def test_a_teacher_that_does_not_know_the_students_pieces():
    other = learn_tokenizer(["zzz yyy zzz yyy Q"] * 3, 30, 64)
    with pytest.raises(ValueError, match=r"does not know \d+ of the student's \d+ pieces .*, but it must read"):
        piece_map(other, tiny_tokenizer())


def test_a_tail_needs_a_piece_for_what_is_unknown():
    prepared, *_ = prepared_of(spec(depth=1, lost_mass="tail"))
    prepared.method.pieces.unknown = None
    with pytest.raises(ValueError, match=r"no piece for what is unknown.* Set lost_mass to 'renormalise'"):
        prepared.method(**batch_of(prepared))


def test_a_default_changes_no_identity():
    assert "lost_mass" not in spec().model_dump()
    assert spec(lost_mass="tail").model_dump()["lost_mass"] == "tail"

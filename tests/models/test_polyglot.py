"""A polyglot says what its network says, with the language where the family has one."""

import numpy as np
import pytest
import torch

from polydistill.models.polyglot import Polyglot
from tiny import CLASSES, LANGUAGES, WIDTH, outputs, tiny_network

TEXTS = ["The old woman sees a cat.", "Kedi"]
every_family = pytest.mark.parametrize("family", ["xlm-roberta", "bert", "xlm"])


@pytest.fixture
def inputs(tokenizer):
    return tokenizer(TEXTS, padding=True, return_tensors="pt")


@every_family
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_its_network_says(family, language, inputs):
    network = tiny_network(family).eval()
    reading = Polyglot(network)(inputs, language, first=True)
    wanted = outputs(network, inputs, language)
    assert reading.logits_BC.shape == (2, CLASSES)
    assert reading.first_BD.shape == (2, WIDTH)
    np.testing.assert_allclose(reading.logits_BC.detach(), wanted["logits"], rtol=1e-12)
    np.testing.assert_allclose(reading.first_BD.detach(), wanted["first"], rtol=1e-12)


@every_family
def test_vectors_only_where_asked_for(family, inputs):
    assert Polyglot(tiny_network(family))(inputs, "en").first_BD is None


@pytest.mark.parametrize("family", ["xlm-roberta", "bert"])
def test_families_without_language_embeddings_read_all_languages_alike(family, inputs):
    student = Polyglot(tiny_network(family).eval())
    said = [student(inputs, language).logits_BC for language in ("en", "tr", "klingon", None)]
    assert all(torch.equal(logits, said[0]) for logits in said)


def test_language_embeddings_make_a_difference(inputs):
    student = Polyglot(tiny_network("xlm").eval())
    said = [student(inputs, language).logits_BC for language in LANGUAGES]
    assert not torch.allclose(said[0], said[1])
    assert not torch.allclose(said[1], said[2])


def test_language_embeddings_that_are_not_used(inputs):
    network = tiny_network("xlm").eval()
    network.config.use_lang_emb = False
    assert Polyglot(network)(inputs, None).logits_BC.shape == (2, CLASSES)


def test_language_embeddings_need_a_known_language(inputs):
    student = Polyglot(tiny_network("xlm"))
    with pytest.raises(ValueError, match="needs batches of one language"):
        student(inputs, None)
    with pytest.raises(ValueError, match=r"no embedding for language 'de'\. It has: en, fr, tr\."):
        student(inputs, "de")


@pytest.mark.parametrize("awake", [True, False])
def test_a_network_is_as_awake_in_it_as_before(awake):
    network = tiny_network().train(awake)
    assert Polyglot(network).training is awake
    assert network.training is awake

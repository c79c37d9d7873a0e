import numpy as np
import pytest
import torch

from polydistill.data.batches.encoding import encode_texts
from polydistill.retrieval.token_vectors import (
    TextEncoder,
    idf_table,
    sentence_vectors,
    sentences,
    special_ids,
    token_vectors,
    token_weights,
)
from reference import bertscore as paper
from tiny import WIDTH, tiny_network

TEXTS = ["Every dog is running in the garden.", "No.", "Kila mbwa anakimbia.", "Some cats are sleeping.", "No."]
VIEWS = [(1, 2), (0,), (2,)]


@pytest.fixture
def text(tokenizer):
    return encode_texts(tokenizer, TEXTS, None, 64)


@pytest.fixture(scope="module")
def network():
    return tiny_network(head="mlm").eval()


def hidden(network, ids):
    """Every layer's vectors of one text, read alone."""
    with torch.no_grad():
        states = network(input_ids=torch.from_numpy(ids)[None], output_hidden_states=True).hidden_states
    return torch.stack(states)[:, 0].numpy()


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_token_vectors_are_those_of_each_text_read_alone(network, text, batch_size):
    """So padding and the order of batches change nothing."""
    for combine in ("tokens", "mean", "concatenate"):
        found = token_vectors(TextEncoder(network, batch_size=batch_size), text, VIEWS, combine)
        for view, vectors in zip(VIEWS, found, strict=True):
            for row, start in enumerate(text.offsets[:-1]):
                layers = hidden(network, text.take(np.array([row]))[0]["input_ids"])[list(view)]
                joined = {
                    "tokens": layers,
                    "mean": layers.mean(0, keepdims=True),
                    "concatenate": np.concatenate(list(layers), -1)[None],
                }[combine]
                ours = vectors[:, start : start + layers.shape[1]].numpy()
                np.testing.assert_allclose(ours, unit(joined), rtol=0, atol=1e-9)


@pytest.mark.parametrize("batch_size", [1, 64])
@pytest.mark.parametrize("counted", [True, False])
def test_sentence_vectors_are_means_of_tokens_and_layers(network, tokenizer, text, batch_size, counted):
    specials = () if counted else special_ids(tokenizer)
    encoder = TextEncoder(network, batch_size=batch_size)
    mean, joined = (sentence_vectors(encoder, text, VIEWS, how, specials) for how in ("mean", "concatenate"))
    for row, ids in enumerate(text.take(np.arange(len(text)))):
        kept = np.flatnonzero(~np.isin(ids["input_ids"], specials))
        layers = hidden(network, ids["input_ids"])[:, kept].mean(1)
        for index, view in enumerate(VIEWS):
            expected = unit(layers[list(view)].mean(0))
            np.testing.assert_allclose(mean[index][row].numpy(), expected, rtol=0, atol=1e-9)
            expected = unit(layers[list(view)].reshape(-1))
            np.testing.assert_allclose(joined[index][row].numpy(), expected, rtol=0, atol=1e-9)


def test_first_token(network, text):
    (found,) = sentence_vectors(TextEncoder(network), text, [(2,)], "mean", first=True)
    for row, ids in enumerate(text.take(np.arange(len(text)))):
        expected = unit(hidden(network, ids["input_ids"])[2, 0])
        np.testing.assert_allclose(found[row].numpy(), expected, rtol=0, atol=1e-9)


def test_special_tokens_are_those_around_a_text(tokenizer, text):
    specials = special_ids(tokenizer)
    assert specials == (tokenizer.cls_token_id, tokenizer.sep_token_id)
    for kind, ends in (("matched", 0.0), ("dropped", 0.0), ("counted", 1.0)):
        weights = token_weights(text, specials, kind)
        assert set(weights[text.offsets[:-1]]) == set(weights[text.offsets[1:] - 1]) == {ends}
    inner = np.delete(weights, np.concatenate([text.offsets[:-1], text.offsets[1:] - 1]))
    assert set(inner) == {1.0}


def test_idf_as_the_paper_has_it(tokenizer, text):
    table = idf_table(text, len(tokenizer))
    ids = [one["input_ids"].tolist() for one in text.take(np.arange(len(text)))]
    for token in {token for one in ids for token in one} | {len(tokenizer) - 1}:
        assert table[token] == pytest.approx(paper.idf(ids, token), abs=1e-6)
    weights = token_weights(text, (), "counted", table)
    assert weights[text.offsets[0]] == 0.0  # <s> is in every text
    assert weights.max() == pytest.approx(np.log(6 / 2))


def test_dropped_special_tokens_are_gone(network, tokenizer, text):
    specials = special_ids(tokenizer)
    (vectors,) = token_vectors(TextEncoder(network), text, [(2,)], "tokens")
    weights = token_weights(text, specials, "dropped")
    kept, all_ = (sentences(vectors, text, weights, specials, kind) for kind in ("dropped", "matched"))
    assert (np.diff(kept.offsets) == np.diff(all_.offsets) - 2).all()
    assert kept.vectors_KTD.shape == (1, int(kept.offsets[-1]), WIDTH)
    row = slice(int(kept.offsets[1]), int(kept.offsets[2]))
    inside = slice(int(all_.offsets[1]) + 1, int(all_.offsets[2]) - 1)
    assert torch.equal(kept.vectors_KTD[:, row], all_.vectors_KTD[:, inside])
    assert kept.weights_T.min() == 1.0


def test_a_model_with_language_embeddings_reads_its_language(tokenizer, text):
    network = tiny_network("xlm", head="mlm").eval()
    views = [(2,)]
    english, turkish = (token_vectors(TextEncoder(network, code), text, views, "tokens")[0] for code in ("en", "tr"))
    assert (english - turkish).abs().max() > 1e-3
    with pytest.raises(ValueError, match="no embedding for language 'sw'"):
        token_vectors(TextEncoder(network, "sw"), text, views, "tokens")

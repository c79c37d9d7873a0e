import bert_score
import numpy as np
import pytest
import torch
from bert_score.utils import get_idf_dict

from polydistill.data.batches.encoding import encode_texts
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.retrieval.bertscore import BertScores, bertscore
from polydistill.retrieval.token_vectors import (
    Sentences,
    TextEncoder,
    idf_table,
    sentences,
    special_ids,
    token_vectors,
    token_weights,
)
from polydistill.starts.loading import load_encoder
from reference import bertscore as paper
from tiny import tiny_network, tiny_tokenizer

LENGTHS = (3, 1, 5, 3, 2, 5, 3), (4, 2, 1, 4, 6)


def drawn(lengths, seed, layers=1, width=6):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(layers, sum(lengths), width))
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Sentences(torch.from_numpy(vectors), torch.from_numpy(rng.uniform(0.1, 2, sum(lengths))), offsets)


def plainly(queries, candidates):
    """The paper's formula on every pair."""

    def sentence(side, row):
        tokens = slice(side.offsets[row], side.offsets[row + 1])
        vectors, weights = side.vectors_KTD[:, tokens].numpy(), side.weights_T[tokens].numpy()
        return vectors.reshape(-1, vectors.shape[-1]), np.tile(weights, len(vectors))

    found = np.empty((3, len(queries), len(candidates)))
    for i in range(len(queries)):
        for j in range(len(candidates)):
            (query, its), (candidate, weights) = sentence(queries, i), sentence(candidates, j)
            found[:, i, j] = paper.bertscore(query, candidate, its, weights)
    return found


@pytest.mark.parametrize("block", [1, 7, 1024])
@pytest.mark.parametrize("layers", [1, 3])
def test_every_pair_as_the_paper_defines_it(layers, block):
    queries, candidates = (drawn(lengths, seed, layers) for seed, lengths in enumerate(LENGTHS))
    scores = bertscore(queries, candidates, block)
    for ours, reference in zip((scores.precision, scores.recall, scores.f1), plainly(queries, candidates), strict=True):
        np.testing.assert_allclose(ours.numpy(), reference, rtol=0, atol=1e-9)


def test_the_matrix_is_not_symmetric():
    """Between two languages entry (i, j) is another pair than (j, i): half of the matrix does not give the other."""
    queries, candidates = drawn((3, 2, 4), 0), drawn((2, 4, 3), 1)
    f1 = bertscore(queries, candidates).f1
    assert (f1 - f1.T).abs().max() > 0.05
    np.testing.assert_allclose(f1.numpy(), plainly(queries, candidates)[2], atol=1e-9)


def test_the_way_back_is_the_matrix_turned_over():
    queries, candidates = (drawn(lengths, seed) for seed, lengths in enumerate(LENGTHS))
    back, again = bertscore(queries, candidates).swapped(), bertscore(candidates, queries)
    for one, other in ((back.precision, again.precision), (back.recall, again.recall), (back.f1, again.f1)):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-12)


def test_tokens_of_no_weight_are_matched_but_not_counted():
    queries, candidates = drawn((2, 3), 0), drawn((3,), 1)
    queries.weights_T[1] = 0.0
    scores, pairs = bertscore(queries, candidates), plainly(queries, candidates)
    np.testing.assert_allclose(scores.precision.numpy(), pairs[0], atol=1e-9)
    np.testing.assert_allclose(scores.recall.numpy(), pairs[1], atol=1e-9)


def test_a_sentence_of_no_weight_scores_zero():
    queries, candidates = drawn((2, 0, 3), 0), drawn((3, 2), 1)
    candidates.weights_T[3:] = 0.0
    scores = bertscore(queries, candidates)
    for matrix in (scores.precision, scores.recall, scores.f1):
        assert matrix[1].tolist() == [0.0, 0.0]
        assert matrix[:, 1].tolist() == [0.0, 0.0, 0.0]
        assert matrix[0, 0] != 0.0


def test_f1_of_two_zeros_is_zero():
    assert BertScores(torch.zeros(1, 1), torch.zeros(1, 1)).f1.item() == 0.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_network(head="mlm").float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("by_idf", [False, True])
def test_equal_to_the_bert_score_package(folder, layer, by_idf):
    """With its default options; a batch size of 1, as its padding lets similarities below 0 count as 0."""
    rows = load_text(WorldSource(rows=12), ("tr", "en")).rows
    queries, candidates = list(rows["tr"]["text"])[:6], list(rows["en"]["text"])
    loaded = load_encoder(folder)
    specials, encoder = special_ids(loaded.tokenizer), TextEncoder(loaded.network)
    read = [encode_texts(loaded.tokenizer, texts, None, 64) for texts in (queries, candidates)]
    idf = idf_table(read[0], len(loaded.tokenizer)) if by_idf else None
    sides = [
        sentences(
            token_vectors(encoder, text, [(layer,)], "tokens")[0],
            text,
            token_weights(text, specials, "matched", idf),
            specials,
            "matched",
        )
        for text in read
    ]
    ours = bertscore(*sides)
    pairs = [(query, candidate) for query in queries for candidate in candidates]
    theirs = bert_score.score(
        [candidate for _, candidate in pairs],
        [query for query, _ in pairs],
        model_type=str(folder),
        num_layers=layer,
        idf=get_idf_dict(queries, loaded.tokenizer, nthreads=0) if by_idf else False,
        batch_size=1,
        device="cpu",
    )
    for one, other in zip((ours.precision, ours.recall, ours.f1), theirs, strict=True):
        np.testing.assert_allclose(one.numpy().reshape(-1), other.numpy(), rtol=0, atol=1e-5)
    assert ours.f1.std() > 0.01

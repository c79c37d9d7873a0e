import sys

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from polydistill.retrieval import neighbours
from polydistill.retrieval.neighbours import found_ranks, nearest, ranks, similarities


@pytest.fixture
def vectors():
    generator = torch.Generator().manual_seed(0)
    return tuple(F.normalize(torch.randn(rows, 8, generator=generator), dim=-1) for rows in (20, 50))


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(neighbours, "QUERIES", 3)
    monkeypatch.setattr(neighbours, "CANDIDATES", 7)


@pytest.mark.parametrize("k", [1, 5, 9, 50])
def test_chunked_faiss_and_plain_find_the_same(vectors, small_chunks, k):
    queries, candidates = vectors
    values, places = (queries @ candidates.T).topk(k)
    for search in ("exact", "faiss"):
        found, where = nearest(queries, candidates, k, search)
        assert torch.equal(where, places), search
        np.testing.assert_allclose(found.numpy(), values.numpy(), atol=1e-6)


def test_ivf_that_looks_into_every_cell_is_exact(vectors, monkeypatch):
    queries, _ = vectors
    candidates = F.normalize(torch.randn(400, 8, generator=torch.Generator().manual_seed(1)), dim=-1)
    exact = nearest(queries, candidates, 5)[1]
    monkeypatch.setattr(neighbours, "PROBES", 1000)
    assert torch.equal(nearest(queries, candidates, 5, "faiss-ivf")[1], exact)
    monkeypatch.setattr(neighbours, "PROBES", 1)
    found = nearest(queries, candidates, 5, "faiss-ivf")[1]
    recall = (found[:, :, None] == exact[:, None, :]).any(1).float().mean()
    assert 0.2 < recall < 1


def test_more_neighbours_than_there_are(vectors):
    for k in (0, 51):
        with pytest.raises(ValueError, match=f"k is {k}; expected 1 to 50"):
            nearest(*vectors, k)


@pytest.mark.parametrize("search", ["faiss", "faiss-ivf"])
def test_without_faiss_the_error_says_what_to_install(vectors, search, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ValueError, match=r"pip install 'polydistill\[faiss\]'. Or take search='exact'"):
        nearest(*vectors, 1, search)
    nearest(*vectors, 1)


def test_ranks_by_hand():
    similar = torch.tensor([[0.9, 0.5, 0.1], [0.8, 0.2, 0.3], [0.1, 0.7, 0.4]])
    assert ranks([similar]).tolist() == [1, 3, 2]
    assert ranks(similar.split(1)).tolist() == [1, 3, 2]


def test_of_equals_the_first_is_first():
    assert ranks([torch.ones(4, 4)]).tolist() == [1, 2, 3, 4]


def test_ranks_of_blocks_are_those_of_the_matrix(vectors):
    queries, candidates = vectors[0], vectors[1][:20]
    plain = (queries @ candidates.T).argsort(1, descending=True)
    expected = 1 + (plain == torch.arange(20)[:, None]).int().argmax(1)
    assert ranks(similarities(queries, candidates, block=60)).tolist() == expected.tolist()
    assert len(list(similarities(queries, candidates, block=60))) == 7


def test_found_ranks():
    places = torch.tensor([[0, 2], [0, 1], [1, -1]])
    assert found_ranks(places).tolist() == [1, 2, 0]

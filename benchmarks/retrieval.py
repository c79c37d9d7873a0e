"""BERTScore of 1,000 x 1,000 sentences against the `bert-score` package, and retrieval among 100,000 by cosine.

    python benchmarks/retrieval.py [--turns 3]

The package takes hours and minutes for what is asked of it here, so it does a part, and the whole is worked out from
that, linearly in the number of pairs (called once) or of calls (called by query). Needs the extras `dev` or `faiss`.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import bert_score
import faiss
import torch
from torch.nn import functional as F
from transformers import XLMRobertaConfig, XLMRobertaModel

from measuring import Row, interleaved, markdown, now, spread, timed, write
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from polydistill.retrieval import neighbours
from polydistill.retrieval.bertscore import BertScores, bertscore
from polydistill.retrieval.neighbours import Search, nearest
from polydistill.retrieval.token_vectors import TextEncoder, sentences, special_ids, token_vectors, token_weights
from polydistill.starts.loading import load_encoder

SENTENCES, MAX_LENGTH = 1000, 64
SHAPES = {"4 blocks of 128": (4, 128), "6 blocks of 384": (6, 384)}
PARTS = 10, 30  # queries of the package's two partial calls with all pairs: their difference is time by pair
AMONG, QUERIES, WIDTH, LATENT, K = 100_000, 2_000, 256, 24, 10


class Case(NamedTuple):
    """A model in a folder, and the texts."""

    folder: Path
    loaded: Loaded
    queries: list[str]
    candidates: list[str]


def a_case(blocks: int, width: int, folder: Path) -> Case:
    """A model with random weights, and mini-world sentences in Turkish and English."""
    rows = load_text(WorldSource(rows=SENTENCES, split="test"), ("tr", "en")).rows
    queries, candidates = list(rows["tr"]["text"]), list(rows["en"]["text"])
    tokenizer = learn_tokenizer([*queries, *candidates], 800, MAX_LENGTH)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=width, num_hidden_layers=blocks, num_attention_heads=width // 32,
        intermediate_size=4 * width, max_position_embeddings=MAX_LENGTH + 2, type_vocab_size=1,
    )  # fmt: skip
    torch.manual_seed(0)
    XLMRobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Case(folder, load_encoder(folder), queries, candidates)


def ours(case: Case) -> tuple[BertScores, float]:
    """All pairs, and how long the matching took after the sentences were read."""
    specials = special_ids(case.loaded.tokenizer)
    sides = []
    for texts in (case.queries, case.candidates):
        text = encode_texts(case.loaded.tokenizer, texts, None, MAX_LENGTH)
        (vectors,) = token_vectors(TextEncoder(case.loaded.network), text, [(_blocks(case),)], "tokens")
        sides.append(sentences(vectors, text, token_weights(text, specials, "matched"), specials, "matched"))
    began = now()
    scores = bertscore(sides[0], sides[1])
    return scores, now() - began


def package(case: Case, scorer: bert_score.BERTScorer, queries: list[str], batch_size: int = 64) -> torch.Tensor:
    """F1 of some queries with all candidates, in one call."""
    with contextlib.redirect_stderr(io.StringIO()):
        pairs = [(query, candidate) for query in queries for candidate in case.candidates]
        found = scorer.score([pair[1] for pair in pairs], [pair[0] for pair in pairs], batch_size=batch_size)
    return found[2].view(len(queries), len(case.candidates))


def compare(name: str, turns: int) -> Row:
    """One shape of model: our time, and the package's for all pairs in one call and in a call a query."""
    with tempfile.TemporaryDirectory() as folder:
        case = a_case(*SHAPES[name], Path(folder))
        scorer = bert_score.BERTScorer(model_type=folder, num_layers=_blocks(case), device="cpu")
        scores, _ = ours(case)
        apart = (package(case, scorer, case.queries[:2], batch_size=1) - scores.f1[:2]).abs().max()
        measured: list[tuple[float, float, float, float, float]] = []
        for turn in range(turns):
            began = now()
            _, matching = ours(case)
            whole = now() - began
            small, large = (timed(lambda n=n: package(case, scorer, case.queries[:n])) for n in PARTS)
            by_pair = (large - small) / ((PARTS[1] - PARTS[0]) * SENTENCES)
            once = small + by_pair * SENTENCES * (SENTENCES - PARTS[0])
            by_query = SENTENCES * timed(lambda t=turn: package(case, scorer, case.queries[t : t + 1]))
            measured.append((whole, matching, once, by_query, by_pair * SENTENCES**2))
    wholes, matchings, onces, by_queries, pairs = zip(*measured, strict=True)
    return {
        "model": name,
        "ours: s": spread(wholes),
        "of it matching": spread(matchings),
        "package, one call: s": spread(onces, 0),
        "ratio": spread([b / a for a, b in zip(wholes, onces, strict=True)], 0),
        "matching alone: ratio": spread([b / a for a, b in zip(matchings, pairs, strict=True)], 0),
        "package, a call a query: s": spread(by_queries, 0),
        "ratio by query": spread([b / a for a, b in zip(wholes, by_queries, strict=True)], 0),
        "largest difference of F1": f"{apart:.0e}",
    }


def among_many(turns: int) -> list[Row]:
    """Exact and approximate neighbours of candidates that were disturbed; vectors have LATENT dimensions and noise."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    spread_out = normal(LATENT, WIDTH)
    latent = normal(AMONG, LATENT)
    candidates = F.normalize(latent @ spread_out + normal(AMONG, WIDTH), dim=-1)
    moved = latent[:QUERIES] + 0.7 * normal(QUERIES, LATENT)
    queries = F.normalize(moved @ spread_out + normal(QUERIES, WIDTH), dim=-1)
    searches: tuple[Search, ...] = ("exact", "faiss", "faiss-ivf")
    found = {search: nearest(queries, candidates, K, search)[1] for search in searches}
    one = interleaved({name: lambda s=name: nearest(queries[:1], candidates, K, s) for name in searches}, turns, 0)
    all_ = interleaved({name: lambda s=name: nearest(queries, candidates, K, s) for name in searches}, turns, 0)
    rows: list[Row] = []
    for name in searches:
        right = (found[name][:, 0] == torch.arange(QUERIES)).float().mean().item()
        kept = (found[name][:, :, None] == found["exact"][:, None, :]).any(1).float().mean().item()
        build = statistics.median(one[name])
        rows.append(
            {
                "search": name,
                "build and 1 query: s": spread(one[name]),
                f"build and {QUERIES:,} queries: s": spread(all_[name]),
                "ms a query": f"{1000 * (statistics.median(all_[name]) - build) / (QUERIES - 1):.2f}",
                f"of the exact {K} found": f"{kept:.3f}",
                "right one first": f"{right:.3f}",
            }
        )
    return rows


def held() -> str:
    """What the searches hold at most, besides the vectors."""
    matrix, chunk = 4 * AMONG * AMONG / 1e9, 4 * neighbours.QUERIES * neighbours.CANDIDATES / 1e6
    return (
        f"All similarities of {AMONG:,} with {AMONG:,} are {matrix:.0f} GB; the chunked product holds {chunk:.0f} MB."
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    by_token = [compare(name, turns) for name in SHAPES]
    many = among_many(turns)
    text = (
        f"{SENTENCES:,} x {SENTENCES:,} mini-world sentences, Turkish and English, last layer, random weights. Times "
        "include reading the sentences, which is the same work for both, but for those of the matching. The package "
        f"(`BERTScorer`, loaded before, batches of 64) does a part: {PARTS[0]} and {PARTS[1]} queries with all "
        "candidates in one call, and single calls of one query; the whole is worked out from these, linearly. The "
        "difference is to the package with a batch size of 1: its padding lets similarities below 0 count as 0."
    )
    among = f"{QUERIES:,} queries among {AMONG:,} vectors of {WIDTH}, their {K} nearest by cosine. {held()}"
    parts = [text, markdown(by_token), "## Among 100,000 by cosine", among, markdown(many)]
    write("retrieval", "Retrieval", parts, [*by_token, *many])


def _blocks(case: Case) -> int:
    return int(case.loaded.network.config.num_hidden_layers)


if __name__ == "__main__":
    main()

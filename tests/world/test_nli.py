"""The pairs are balanced: neither sentence alone, nor the overlap of the two, tells the label."""

import importlib.util
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from polydistill.world.balance import agree
from polydistill.world.corpora import World
from polydistill.world.logic import RELATIONS
from polydistill.world.meaning import Quantifier

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "world_balance.py"
ROWS = {"mini": 1500, "medium": 600, "full": 600}


@pytest.fixture(
    scope="module",
    params=[one if one == "mini" else pytest.param(one, marks=pytest.mark.slow) for one in ROWS],
)
def world_and_pairs(request):
    world = World(0, request.param)
    return world, world.nli("train", ROWS[request.param])


def test_labels_are_equal_in_number_and_pairs_distinct(world_and_pairs):
    _, pairs = world_and_pairs
    assert len(set(Counter(pair.label for pair in pairs).values())) == 1
    assert len({(pair.premise, pair.hypothesis) for pair in pairs}) == len(pairs)
    assert all(pair.premise != pair.hypothesis for pair in pairs)


def test_each_hypothesis_is_as_frequent_with_each_label(world_and_pairs):
    _, pairs = world_and_pairs
    counts: dict = defaultdict(lambda: [0, 0, 0])
    for pair in pairs:
        counts[pair.hypothesis][pair.label] += 1
    assert all(len(set(by_label)) == 1 for by_label in counts.values())
    for start in range(0, len(pairs), 3):
        triple = pairs[start : start + 3]
        assert len({pair.hypothesis for pair in triple}) == 1
        assert sorted(pair.label for pair in triple) == [0, 1, 2]
    assert len({pairs[start].label for start in range(0, 90, 3)}) == 3


def test_each_quantifier_is_on_both_sides_with_every_label(world_and_pairs):
    world, pairs = world_and_pairs
    for side in ("premise", "hypothesis"):
        said = Counter(
            (clause.subject.quantifier, pair.label) for pair in pairs for clause in getattr(pair, side).clauses
        )
        for quantifier in world.difficulty.quantifiers:
            assert all(said[quantifier, label] >= 5 for label in range(3)), (side, quantifier, said)
    assert {clause.subject.quantifier for pair in pairs for clause in pair.premise.clauses} == set(
        world.difficulty.quantifiers
    )


def test_polarity_alone_does_not_tell_neutral_pairs(world_and_pairs):
    _, pairs = world_and_pairs
    neutral = [agree(pair.premise, pair.hypothesis) for pair in pairs if RELATIONS[pair.label] == "neutral"]
    assert 0.1 < np.mean(neutral) < 0.9


def test_pairs_use_only_what_the_difficulty_has(world_and_pairs):
    world, pairs = world_and_pairs
    meanings = [meaning for pair in pairs for meaning in (pair.premise, pair.hypothesis)]
    clauses = [clause for meaning in meanings for clause in meaning.clauses]
    predicates = [clause.predicate for clause in clauses]
    mini, full = world.difficulty.name == "mini", world.difficulty.name == "full"
    assert any(len(meaning.clauses) == 2 for meaning in meanings) == full
    assert any(clause.negated for clause in clauses) == (not mini)
    assert any(clause.subject.quantifier is Quantifier.NAMED for clause in clauses) == (not mini)
    for slot in ("object", "time", "manner"):
        assert any(getattr(predicate, slot) for predicate in predicates) == (not mini)
    assert any(predicate.place for predicate in predicates)
    assert not all(predicate.place for predicate in predicates)


def test_mini_pairs_differ_in_one_or_two_parts():
    for pair in World(0, "mini").nli("dev", 300):
        one, other = pair.premise.clauses[0], pair.hypothesis.clauses[0]
        parts = [
            (clause.subject.quantifier, clause.subject.noun, clause.predicate.verb, clause.predicate.place)
            for clause in (one, other)
        ]
        assert 1 <= sum(a != b for a, b in zip(*parts, strict=True)) <= 2


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("world_balance", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def mini_scores(benchmark):
    world = World(0, "mini")
    return benchmark.shortcuts(benchmark.rows(world, "train", 2400, "en"), benchmark.rows(world, "dev", 1200, "en"))


@pytest.mark.slow
def test_shortcuts_stay_near_chance(mini_scores):
    assert mini_scores["hypothesis only"] < 0.36
    assert mini_scores["word overlap, rule"] < 0.40
    assert mini_scores["word overlap, tree"] < 0.43
    assert mini_scores["premise only"] < 0.46


def test_the_shortcuts_are_found_where_there_are_some(benchmark):
    """The same classifiers on rows whose label shows in the hypothesis, in the premise, or in the overlap."""
    words = np.array(["yes", "maybe", "never"])
    labels = np.arange(600) % 3
    plain = ["some dogs are running"] * 600
    marked = [f"dogs are running {word}" for word in words[labels]]
    overlapping = [" ".join(["some", "dogs", "are", "running"][: label + 1]) for label in labels]
    scores = [
        benchmark.shortcuts(rows, rows)
        for rows in ((plain, marked, labels), (marked, plain, labels), (overlapping, plain, labels))
    ]
    assert scores[0]["hypothesis only"] == scores[1]["premise only"] == 1
    assert scores[2]["word overlap, rule"] == scores[2]["word overlap, tree"] == 1
    assert scores[1]["hypothesis only"] < 0.34

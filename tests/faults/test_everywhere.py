"""Faults at file-system events, and mutated input; at length by the two programs of this folder."""

import pytest
from fuzzing import FAMILIES, SLOW, Cases, fuzz
from injecting import Bench

EACH = 84  # 500 cases together


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return Cases(tmp_path_factory.mktemp("cases"))


@pytest.mark.parametrize("family", FAMILIES)
def test_mutated_input_is_good_or_refused_in_words(cases, family):
    fuzz(cases, family, EACH // SLOW.get(family, 1))


@pytest.mark.slow
def test_faults_at_any_event_change_nothing_and_are_one_line(tmp_path):
    said = []
    assert Bench(tmp_path).some(30, seed=7, say=said.append) == [], "\n".join(said)

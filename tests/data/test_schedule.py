"""Batches are a pure function of seed and step, of one language or balanced, and little of them is padding."""

import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from polydistill.data.batches.schedule import Batching, Schedule, padding_efficiency

RNG = np.random.default_rng(0)
LENGTHS = [RNG.integers(4, 60, size=size) for size in (40, 25, 100)]


def schedule(lengths=LENGTHS, batch_size=4, steps=200, seed=7, rank=0, processes=1, **batching):
    return Schedule(lengths, batch_size, steps, seed, Batching(**batching), rank, processes)


def content(batches, step):
    return [(group, rows.tolist()) for group, rows in batches[step]]


KINDS = [
    {},
    {"sampling": "proportional", "alpha": 0.5},
    {"sampling": "in-turn"},
    {"pool": 1},
    {"batches": "balanced"},
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())) or "default")


def make(kind, **changes):
    batch_size = 6 if kind.get("batches") == "balanced" else 4
    return schedule(**{"batch_size": batch_size, **kind, **changes})


@every_kind
def test_any_step_is_known_without_those_before_it(kind):
    one_by_one = make(kind)
    wanted = [content(one_by_one, step) for step in range(200)]
    for step in (199, 0, 57, 123, 57):
        assert content(make(kind), step) == wanted[step]
    assert [content(make(kind), step) for step in reversed(range(200))] == wanted[::-1]


@every_kind
def test_more_steps_do_not_change_the_first(kind):
    short, long = make(kind, steps=20), make(kind, steps=200)
    assert [content(short, step) for step in range(20)] == [content(long, step) for step in range(20)]


@every_kind
def test_the_seed_decides(kind):
    assert [content(make(kind, seed=8), step) for step in range(20)] != [
        content(make(kind), step) for step in range(20)
    ]


def test_another_process_of_another_day_sees_the_same_batches():
    program = (
        "import numpy as np; from polydistill.data.batches.schedule import Schedule;"
        "batches = Schedule([np.arange(1, 30), np.arange(5, 50)], 4, 100, 3);"
        "print([(group, rows.tolist()) for step in (0, 42, 99) for group, rows in batches[step]])"
    )
    seen = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    here = Schedule([np.arange(1, 30), np.arange(5, 50)], 4, 100, 3)
    assert seen.strip() == str([part for step in (0, 42, 99) for part in content(here, step)])


def test_homogeneous_batches_hold_one_group():
    batches = schedule()
    for step in range(len(batches)):
        ((group, rows),) = batches[step]
        assert len(rows) == 4
        assert rows.max() < len(LENGTHS[group])


def test_balanced_batches_hold_every_group_alike():
    batches = schedule(batch_size=6, batches="balanced")
    for step in range(len(batches)):
        assert [group for group, _ in batches[step]] == [0, 1, 2]
        assert [len(rows) for _, rows in batches[step]] == [2, 2, 2]


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        ({"sampling": "uniform"}, [1 / 3, 1 / 3, 1 / 3]),
        ({"sampling": "proportional"}, [40 / 165, 25 / 165, 100 / 165]),
        ({"sampling": "proportional", "alpha": 0.5}, np.sqrt([40, 25, 100]) / np.sqrt([40, 25, 100]).sum()),
        ({"sampling": "proportional", "alpha": 0.0}, [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_groups_are_drawn_as_often_as_asked(kind, shares):
    steps = 20_000
    batches = schedule(steps=steps, **kind)
    drawn = Counter(batches[step][0][0] for step in range(steps))
    for group, share in enumerate(shares):
        assert drawn[group] / steps == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / steps))


def test_in_turn():
    assert [schedule(sampling="in-turn")[step][0][0] for step in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("pool", [1, 3, 50])
def test_a_pass_takes_every_row_once_and_passes_differ(pool):
    batches = schedule(lengths=[LENGTHS[0]], batch_size=8, steps=15, pool=pool)
    passes = [
        np.concatenate([rows for step in range(start, start + 5) for _, rows in batches[step]]) for start in (0, 5, 10)
    ]
    for rows in passes:
        assert sorted(rows) == list(range(40))
    assert all(first.tolist() != second.tolist() for first, second in pairwise(passes))


@pytest.mark.parametrize("sampling", ["uniform", "in-turn"])
def test_every_group_goes_on_where_it_stopped_whoever_came_between(sampling):
    batches = schedule(lengths=[np.full(20, 5), np.full(12, 5)], batch_size=4, steps=60, sampling=sampling)
    taken: dict[int, list[int]] = {0: [], 1: []}
    for step in range(60):
        ((group, rows),) = batches[step]
        taken[group].extend(rows.tolist())
    for group, size in ((0, 20), (1, 12)):
        assert len(taken[group]) > 2 * size
        for start in range(0, len(taken[group]) - size + 1, size):
            assert sorted(taken[group][start : start + size]) == list(range(size))


def test_a_pass_takes_no_row_twice_where_batches_do_not_divide_it():
    batches = schedule(lengths=[LENGTHS[1]], batch_size=4, steps=18)
    for start in (0, 6, 12):
        rows = np.concatenate([batches[step][0][1] for step in range(start, start + 6)])
        assert len(set(rows.tolist())) == 24
    left_out = [
        set(range(25)) - {row for step in range(start, start + 6) for row in batches[step][0][1].tolist()}
        for start in (0, 6, 12)
    ]
    assert len(set.union(*left_out)) > 1  # not the same row each time


@every_kind
@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_the_batch_of_one(kind, processes):
    per_process = 6 if kind.get("batches") == "balanced" else 4
    together = make(kind, batch_size=per_process * processes, steps=60)
    ranks = [make(kind, batch_size=per_process, steps=60, rank=rank, processes=processes) for rank in range(processes)]
    for step in range(60):
        shares = [ranks[rank][step] for rank in range(processes)]
        assert len({tuple(group for group, _ in share) for share in shares}) == 1  # the same groups everywhere
        for number, (group, rows) in enumerate(together[step]):
            parts = [share[number][1] for share in shares]
            assert {len(part) for part in parts} == {len(rows) // processes}
            assert sorted(np.concatenate(parts)) == sorted(rows), (step, group)


@every_kind
@pytest.mark.parametrize(("processes", "accumulation"), [(1, 2), (2, 3)])
def test_micro_batches_share_the_batch_of_one_step(kind, processes, accumulation):
    shares = processes * accumulation
    groups = len(LENGTHS) if kind.get("batches") == "balanced" else 1
    whole = make(kind, batch_size=2 * groups * shares, steps=20)
    ranks = [
        Schedule(LENGTHS, 2 * groups, 20, 7, Batching(**kind), rank, processes, accumulation)
        for rank in range(processes)
    ]
    assert {len(batches) for batches in ranks} == {20 * accumulation}
    for step in range(20):
        micro = [ranks[rank][step * accumulation + part] for rank in range(processes) for part in range(accumulation)]
        for number, (group, rows) in enumerate(whole[step]):
            assert {share[number][0] for share in micro} == {group}
            assert {len(share[number][1]) for share in micro} == {2}
            assert sorted(np.concatenate([share[number][1] for share in micro])) == sorted(rows)


@every_kind
def test_a_micro_batch_of_all_processes_is_that_of_one(kind):
    groups = len(LENGTHS) if kind.get("batches") == "balanced" else 1
    alone = Schedule(LENGTHS, 6 * groups, 20, 7, Batching(**kind), accumulation=2)
    ranks = [Schedule(LENGTHS, 2 * groups, 20, 7, Batching(**kind), rank, 3, accumulation=2) for rank in range(3)]
    for at in range(len(alone)):
        for number, (_, rows) in enumerate(alone[at]):
            assert [ranks[rank][at][number][1].tolist() for rank in range(3)] == [rows[r::3].tolist() for r in range(3)]
            assert [rank.of_all()[at][number][1].tolist() for rank in ranks] == [rows.tolist()] * 3


def realistic_lengths(rows):
    """Sentence pairs: log-normal, as XNLI's are."""
    return np.random.default_rng(1).lognormal(3.3, 0.5, size=rows).astype(np.int64).clip(6, 128)


def test_length_groups_leave_little_padding():
    lengths = [realistic_lengths(20_000)]
    plain, grouped = (padding_efficiency(schedule(lengths, 32, 600, pool=pool)) for pool in (1, 50))
    assert plain < 0.55
    assert grouped > 0.93


def test_padding_efficiency_counts_places():
    batches = Schedule([np.array([2, 4])], batch_size=2, steps=3, seed=0)
    assert padding_efficiency(batches) == 6 / 8
    assert padding_efficiency(Schedule([np.array([5, 5, 5])], 1, 3, 0)) == 1.0


def test_length_groups_still_shuffle_lengths_over_time():
    lengths = realistic_lengths(3200)
    batches = schedule([lengths], 32, 100)
    means = np.array([lengths[batches[step][0][1]].mean() for step in range(100)])
    assert abs(np.corrcoef(means, np.arange(100))[0, 1]) < 0.35
    assert means.std() > 5  # batches do have texts of one length


@pytest.mark.parametrize(("rows", "together"), [(3, 8), (1, 4), (5, 6)])
def test_a_group_smaller_than_a_batch_repeats_its_rows_evenly(rows, together):
    batches = Schedule([np.full(rows, 7)], together, 50, 0)
    for step in range(50):
        ((_, taken),) = batches[step]
        often = np.bincount(taken, minlength=rows)
        assert len(taken) == together
        assert often.max() - often.min() <= 1


def test_a_small_group_beside_a_large_one_over_processes():
    lengths = [np.full(3, 7), np.full(100, 7)]
    ranks = [Schedule(lengths, 4, 60, 0, rank=rank, processes=2) for rank in range(2)]
    for step in range(60):
        (first, rows), (second, others) = ranks[0][step][0], ranks[1][step][0]
        assert first == second
        assert len(rows) == len(others) == 4


def test_ends_after_its_steps():
    batches = schedule(steps=3)
    assert len(batches) == 3
    assert len(list(batches)) == 3
    for step in (3, -1):
        with pytest.raises(IndexError):
            batches[step]


def test_clear_errors():
    with pytest.raises(ValueError, match=r"Every group needs rows; group sizes are \[2, 0\]"):
        schedule(lengths=[np.array([1, 2]), np.array([])])
    with pytest.raises(ValueError, match="Every group needs rows"):
        schedule(lengths=[])
    with pytest.raises(ValueError, match=r"batch size 8 is not a multiple of 3\. Use 6\."):
        schedule(batch_size=8, batches="balanced")
    with pytest.raises(ValueError, match=r"batch size 2 is not a multiple of 3\. Use 3\."):
        schedule(batch_size=2, batches="balanced")
    with pytest.raises(ValueError, match="homogeneous"):
        Batching(batches="mixed")


@pytest.mark.parametrize("batches", ["homogeneous", "balanced"])
@pytest.mark.parametrize(("sizes", "steps"), [((100, 7, 40), 5), ((100, 7, 40), 60), ((9, 9, 9), 1)])
def test_the_rows_that_are_used_are_those_of_all_steps_of_all_processes(batches, sizes, steps):
    lengths = [np.random.default_rng(size).integers(3, 30, size) for size in sizes]
    batching = Batching(batches=batches, pool=2)
    shares = [Schedule(lengths, 6, steps, 3, batching, rank, 2, 2) for rank in range(2)]
    taken = [set() for _ in sizes]
    for share in shares:
        for step in range(len(share)):
            for group, rows in share[step]:
                taken[group].update(rows.tolist())
    for share in shares:
        assert [set(rows.tolist()) for rows in share.used()] == taken


@pytest.mark.parametrize("sampling", ["uniform", "proportional"])
def test_a_group_may_have_a_share_of_the_steps(sampling):
    steps = 20_000
    found = Schedule(LENGTHS, 4, steps, 7, Batching(sampling=sampling), shares=[0.4, None, None])
    counts = np.bincount([found[step][0][0] for step in range(steps)], minlength=3) / steps
    rest = np.array([1, 1]) / 2 if sampling == "uniform" else np.array([25, 100]) / 125
    np.testing.assert_allclose(counts, [0.4, *(0.6 * rest)], atol=0.02)
    for wrong in ({"sampling": "in-turn"}, {"batches": "balanced"}):
        with pytest.raises(ValueError, match=r"Steps of which a group gets 40% are drawn"):
            Schedule(LENGTHS, 6, 10, 7, Batching(**wrong), shares=[0.4, None, None]).used()

"""`World`: everything is a function of the seed, and nothing said in one split is said in another."""

import subprocess
import sys

import pytest

from polydistill.world import corpora
from polydistill.world.corpora import World
from polydistill.world.difficulty import DIFFICULTIES
from polydistill.world.grammar import available_languages
from polydistill.world.logic import consistent
from polydistill.world.splits import SPLITS
from tiers import first_quick

EVERY_SENTENCE = 10**6


def all_meanings(world: World, split: str) -> list:
    """All that the split has, by the number that the refusal names."""
    with pytest.raises(ValueError, match="sentences in its") as refused:
        world.meanings(split, EVERY_SENTENCE)
    return world.meanings(split, int(str(refused.value).split(" has ")[1].split()[0]))


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_the_same_seed_gives_the_same_rows_and_a_prefix_is_a_prefix(difficulty):
    world, again, other = World(4, difficulty), World(4, difficulty), World(5, difficulty)
    assert world.meanings("train", 200)[:50] == again.meanings("train", 50)
    assert world.nli("test", 60)[:20] == again.nli("test", 20)
    assert world.meanings("train", 50) != other.meanings("train", 50)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_meanings_are_distinct_consistent_and_of_their_split(difficulty):
    world = World(2, difficulty)
    for split in SPLITS:
        meanings = world.meanings(split, 400)
        assert len(set(meanings)) == 400
        assert all(consistent(meaning) and world.splits.contains(split, meaning) for meaning in meanings)
        pairs = world.nli(split, 60)
        assert all(
            world.splits.contains(split, meaning) for pair in pairs for meaning in (pair.premise, pair.hypothesis)
        )


def test_rows_do_not_depend_on_the_process():
    script = (
        "from polydistill.world.corpora import World; world = World(9, 'full'); "
        "print(world.meanings('dev', 40), world.nli('dev', 12), world.fingerprint)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count("Meaning(") == 40 + 24


@first_quick("language", available_languages())
def test_no_sentence_is_in_two_splits(language):
    world = World(0, "mini")
    said = [set(world.sentences(all_meanings(world, split), language)) for split in SPLITS]
    assert all(len(sentences) > 500 for sentences in said)
    assert sum(map(len, said)) == len(set().union(*said))


@first_quick("language", available_languages())
def test_no_sentence_of_the_full_grammar_is_in_two_splits(language):
    world = World(0, "full")
    meanings = [world.meanings(split, 1500) for split in SPLITS]
    said = [set(world.sentences(of_split, language)) for of_split in meanings]
    assert [len(sentences) for sentences in said] == [1500] * 3
    assert len(set().union(*said)) == 4500


def test_asking_for_more_than_there_is_names_the_number_there_is(monkeypatch):
    world = World(0, "mini")
    meanings = all_meanings(world, "dev")
    assert len(set(meanings)) == len(meanings)
    with pytest.raises(ValueError, match=f"has {len(meanings)} sentences in its dev split, not {len(meanings) + 1}"):
        world.meanings("dev", len(meanings) + 1)
    monkeypatch.setattr(corpora, "pairs", lambda clauses, rng: iter(()))
    with pytest.raises(ValueError, match=r"has 0 pairs in its test split, not 3\. Ask for at most 0"):
        world.nli("test", 3)


def test_other_bad_requests():
    with pytest.raises(ValueError, match=r"Unknown difficulty 'minni'\. Did you mean 'mini'"):
        World(0, "minni")
    with pytest.raises(ValueError, match="Unknown split 'training'"):
        World().nli("training", 3)
    with pytest.raises(ValueError, match="rows is 0; expected at least 1"):
        World().meanings("train", 0)


def test_the_fingerprint_is_that_of_the_content(monkeypatch):
    prints = [World(0, "mini"), World(0, "mini"), World(1, "mini"), World(0, "full")]
    first, same, other_seed, other_difficulty = (world.fingerprint for world in prints)
    assert first == same
    assert len({first, other_seed, other_difficulty}) == 3
    monkeypatch.setattr(corpora, "GENERATOR_VERSION", corpora.GENERATOR_VERSION + 1)
    assert World(0, "mini").fingerprint != first


def test_the_fingerprint_changes_with_a_word(monkeypatch, tmp_path):
    first = World().fingerprint
    for entry in corpora.files("polydistill.world.languages").iterdir():
        if entry.name.endswith((".toml", ".py")):
            (tmp_path / entry.name).write_text(entry.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(corpora, "files", lambda _: tmp_path)
    assert World().fingerprint == first
    table = tmp_path / "en.toml"
    table.write_text(table.read_text(encoding="utf-8").replace("dog", "hound"), encoding="utf-8")
    assert World().fingerprint != first

"""Causal questions: balanced, disjoint, and not to be answered by their choices alone."""

from collections import Counter, defaultdict

import pytest

from polydistill.world.causes import CHAINS, Event, say
from polydistill.world.corpora import World
from polydistill.world.splits import SPLITS
from polydistill.world.tables import table

SEEDS = range(3)
LANGUAGES = ("de", "en", "es", "fr", "sw", "tr")


def chains(question):
    return tuple(sorted({event.chain for event in (question.premise, *question.choices)}))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_every_event_in_its_own_way(language):
    said = [say(Event("Emil", chain, step), language) for chain in CHAINS for step in range(3)]
    assert len(set(said)) == 3 * len(CHAINS)
    assert all(text.startswith("Emil ") and text.endswith(".") and "  " not in text for text in said)
    assert set(table("events", language)["events"]) == set(CHAINS)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_right_choice_is_the_step_before_or_after_and_the_wrong_one_is_not(seed):
    for split in SPLITS:
        for asked in World(seed).questions(split, 400):
            right, wrong = asked.choices[asked.label], asked.choices[1 - asked.label]
            step = asked.premise.step + (1 if asked.asks == "effect" else -1)
            assert right == Event(asked.premise.person, asked.premise.chain, step)
            assert wrong.chain != asked.premise.chain or wrong.step != step
            assert wrong.chain == right.chain or not set(CHAINS[wrong.chain]) & set(CHAINS[right.chain])
            assert wrong.person == right.person


@pytest.mark.parametrize("seed", SEEDS)
def test_each_two_share_their_choices_and_have_both_labels(seed):
    asked = World(seed).questions("train", 1000)
    for first, second in zip(asked[::2], asked[1::2], strict=True):
        assert first.choices == second.choices
        assert {first.label, second.label} == {0, 1}
        assert (first.premise, first.asks) != (second.premise, second.asks)
    # a question of one chain can only be told by what is asked
    within = [one for one in asked if len(chains(one)) == 1]
    assert 300 <= len(within) <= 350


def learned_rule(train, test, features):
    """How often the label that is commonest among rows of train with the same features is right in test."""
    seen = defaultdict(Counter)
    for one in train:
        for feature in features(one):
            seen[feature][one.label] += 1
    right = 0
    for one in test:
        votes = Counter({0: 0, 1: 0})
        for feature in features(one):
            votes.update(seen[feature])
        right += votes.most_common(1)[0][0] == one.label
    return right / len(test)


@pytest.mark.parametrize("seed", SEEDS)
def test_choices_alone_premises_alone_and_lengths_tell_nothing(seed):
    train, test = World(seed).questions("train", 2000), World(seed).questions("test", 1000)

    def length(event):
        return len(say(event, "en"))

    rules = {
        "choices": lambda q: [(at, c.chain, c.step) for at, c in enumerate(q.choices)],
        "both choices": lambda q: [tuple((c.chain, c.step) for c in q.choices)],
        "premise": lambda q: [(q.premise.chain, q.premise.step, q.asks)],
        "longer": lambda q: [length(q.choices[0]) > length(q.choices[1])],
        "later": lambda q: [(q.choices[0].step, q.choices[1].step)],
    }
    for name, rule in rules.items():
        assert abs(learned_rule(train, test, rule) - 0.5) < 0.06, name
    # what there is to learn: which event follows which
    assert learned_rule(train, test, lambda q: [tuple(c.chain == q.premise.chain for c in q.choices)]) > 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_combinations_belong_to_one_split_and_train_knows_every_event(seed):
    across, within = {}, {}
    for split in SPLITS:
        asked = World(seed).questions(split, 1500)
        assert len(set(asked)) == 1500
        across[split] = {chains(one) for one in asked if len(chains(one)) == 2}
        within[split] = {(one.premise.chain, one.premise.person) for one in asked if len(chains(one)) == 1}
    for parts in (across, within):
        assert not parts["train"] & parts["dev"] and not parts["train"] & parts["test"]
        assert not parts["dev"] & parts["test"]
    shown = {event for one in World(seed).questions("train", 3000) for event in (one.premise, *one.choices)}
    assert {(event.chain, event.step) for event in shown} == {(chain, step) for chain in CHAINS for step in range(3)}


def test_the_same_seed_gives_the_same_rows_and_a_prefix_is_a_prefix():
    assert World(1).questions("dev", 60)[:20] == World(1).questions("dev", 20)
    assert World(1).questions("dev", 20) != World(2).questions("dev", 20)
    with pytest.raises(ValueError, match=r"questions in its dev split, not 1000000. Ask for at most \d+.$"):
        World().questions("dev", 10**6)


def test_mixed_text_speaks_of_everything_in_every_language():
    world = World(0)
    mixed = world.mixed("train", 31)
    for language in LANGUAGES:
        text = world.mixed_text(mixed, language)
        assert len(text) == 31
        assert text[0] == world.sentences(world.meanings("train", 1), language)[0]
        assert text[2].count(".") == 2 and all(one.endswith(".") and " ." not in one for one in text)


def test_words_of_a_task_change_its_fingerprint_and_no_other():
    world = World()
    known = {world.fingerprint, world.fingerprint_with("entities"), world.fingerprint_with("events")}
    assert len(known) == 3
    with pytest.raises(ValueError, match=r"Unknown mini-world language with events 'xx'"):
        table("events", "xx")

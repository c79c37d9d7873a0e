"""The strategies of the thesis by name, and which combinations make none."""

import pytest

from polydistill.transfer.strategies import STRATEGIES, Strategy, strategy

# Table 4.6, column by column: what learns, where, how it travels, blocks added, who is judged.
THESIS = {
    "ADAPT SRC": ("adapters", "source", "copy", 0, "target"),
    "ADAPT TRG": ("adapters", "target", "nothing", 0, "target"),
    "ADAPT JOINT": ("adapters", "both", "share", 0, "target"),
    "BITFIT SRC": ("biases", "source", "copy", 0, "target"),
    "BITFIT TRG": ("biases", "target", "nothing", 0, "target"),
    "BITFIT JOINT": ("biases", "both", "share", 0, "target"),
    "SFT": ("all but embeddings", "source", "add", 0, "target"),
    "FREEZE +0": ("head", "source", "copy", 0, "target"),
    "FREEZE +2": ("added blocks", "source", "copy", 2, "target"),
    "FREEZE +4": ("added blocks", "source", "copy", 4, "target"),
    "FULL SRC": ("all", "source", "nothing", 0, "source"),
    "FULL TRG": ("all", "target", "nothing", 0, "target"),
}


def test_the_table_has_the_thesis_strategies_and_one_more():
    assert set(STRATEGIES) == {*THESIS, "BITFIT ADD"}
    for name, parts in THESIS.items():
        found = strategy(name)
        assert (found.trains, found.learns_on, found.carries, found.added_blocks, found.judged) == parts, name
    assert strategy("BITFIT ADD") == Strategy(trains="biases", learns_on="source", carries="add")


def test_which_students_take_part():
    assert {name: found.needs for name, found in STRATEGIES.items() if len(found.needs) == 1} == {
        "FULL SRC": ("source",),
        **dict.fromkeys(("FULL TRG", "ADAPT TRG", "BITFIT TRG"), ("target",)),
    }


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_is_plain_data(name):
    found = strategy(name)
    assert Strategy.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValueError, match="frozen"):
        found.trains = "all"


def test_an_unknown_name_says_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown zero-shot strategy 'ADAPT JONT'\. Did you mean 'ADAPT JOINT'\?"):
        strategy("ADAPT JONT")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"trains": "all", "learns_on": "both"}, "exactly where both students learn"),
        ({"trains": "all", "learns_on": "source", "carries": "share"}, "exactly where both students learn"),
        ({"trains": "all", "learns_on": "target", "carries": "copy"}, "need not reach it"),
        ({"trains": "adapters", "learns_on": "source", "carries": "add"}, "of 'adapters' it has no original"),
        ({"trains": "head", "learns_on": "source", "carries": "add"}, "of 'head' it has no original"),
        ({"trains": "added blocks", "learns_on": "source"}, "added_blocks=0 does not go with trains='added blocks'"),
        ({"trains": "head", "learns_on": "source", "added_blocks": 2}, "added_blocks=2 does not go with"),
        ({"trains": "head", "learns_on": "source", "bottleneck": 8}, "bottleneck=8 is a size of adapters"),
        ({"trains": "weights", "learns_on": "source"}, "'all', 'head'"),
        ({"trains": "all", "learns_on": "source", "carry": "copy"}, "Did you mean 'carries'"),
    ],
)
def test_parts_that_do_not_fit(parts, said):
    with pytest.raises(ValueError, match=said):
        Strategy(**parts)

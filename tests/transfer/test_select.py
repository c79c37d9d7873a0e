"""Exactly the parameters of a strategy learn: by name, and in a step of the optimiser."""

import re
from itertools import product

import pytest
import torch

from encoders import BLOCKS, FAMILIES, HEADS, encoder, loss, stranger
from polydistill.transfer.select import head_names, select, trained_names
from polydistill.transfer.strategies import STRATEGIES, strategy
from polydistill.transfer.transferring import equip

every_head = pytest.mark.parametrize("head", HEADS)
TRAINS = {found.trains: name for name, found in STRATEGIES.items()}
BLOCK = {"distilbert": r"transformer\.layer", "modernbert": r"model\.layers"}
OUTSIDE = {"distilbert": "distilbert.", "modernbert": "model.", "bert": "bert."}
NO_BIASES = "modernbert"


def expected(trains, family, names):
    """The names that learn, said a second time: by what they look like."""
    base, block = OUTSIDE.get(family, "roberta."), BLOCK.get(family, r"encoder\.layer")
    head = {name for name in names if not name.startswith(base) or ".pooler." in name}
    embeddings = {name for name in names if ".embeddings." in name}
    chosen = {
        "all": set(names),
        "head": head,
        "added blocks": {name for name in names if re.search(rf"{block}\.[23]\.", name)},
        "adapters": {name for name in names if ".adapter." in name},
        "biases": {name for name in names if re.search(rf"{block}.*\.bias$", name)},
        "all but embeddings": set(names) - embeddings,
    }[trains]
    return chosen | head


def equipped(trains, family, head):
    network = encoder(family, head).train()
    equip(network, strategy(TRAINS[trains]).model_copy(update={"added_blocks": 2 * (trains == "added blocks")}), seed=1)
    return network


def chosen(trains):
    if trains == "added blocks":
        return strategy("FREEZE +2")
    return strategy(TRAINS[trains])


@pytest.mark.parametrize(
    ("trains", "family"), [pair for pair in product(TRAINS, FAMILIES) if pair != ("biases", NO_BIASES)]
)
@every_head
def test_exactly_these_learn(trains, family, head):
    network = equipped(trains, family, head)
    names = select(network, chosen(trains))
    assert set(names) == expected(trains, family, dict(network.named_parameters()))
    assert names == tuple(name for name, value in network.named_parameters() if value.requires_grad)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.05)
    for _ in range(2):  # two: what reads a zero up-projection learns from the second step on
        loss(network, head).backward()
        optimiser.step()
        optimiser.zero_grad()
    for name, value in network.named_parameters():
        assert torch.equal(value, before[name]) is (name not in names), name


def test_the_weights_of_a_norm_are_no_biases_and_neither_is_the_embeddings_norms():
    network = encoder("xlm-roberta")
    names = set(trained_names(network, strategy("BITFIT SRC")))
    norm = "roberta.encoder.layer.0.output.LayerNorm."
    assert norm + "bias" in names
    assert norm + "weight" not in names
    assert "roberta.embeddings.LayerNorm.bias" in dict(network.named_parameters())
    assert "roberta.embeddings.LayerNorm.bias" not in names
    assert "classifier.dense.weight" in names


def test_a_modernbert_that_was_built_with_biases_has_them():
    network = encoder("modernbert", norm_bias=True, mlp_bias=True, attention_bias=True)
    names = set(trained_names(network, strategy("BITFIT TRG"))) - head_names(network)
    assert "model.final_norm.bias" in names
    assert "model.layers.0.mlp.Wi.bias" in names
    assert "model.embeddings.norm.bias" not in names
    assert len(names) == 1 + BLOCKS * 6 - 1  # the first block has no norm before its attention


def test_the_pooler_belongs_to_the_head():
    assert "bert.pooler.dense.weight" in head_names(encoder("bert"))
    assert "roberta.pooler.dense.weight" in head_names(encoder("xlm-roberta", "choice"))
    assert head_names(encoder("bert", "tokens")) == {"classifier.weight", "classifier.bias"}


def test_what_learned_before_is_frozen_again():
    network = encoder("bert")
    select(network, strategy("FULL TRG"))
    select(network, strategy("FREEZE +0"))
    assert {name for name, value in network.named_parameters() if value.requires_grad} == head_names(network)


def test_clear_errors():
    with pytest.raises(ValueError, match=r"'modernbert' network has no biases that could learn.*for example ADAPT"):
        select(encoder("modernbert"), strategy("BITFIT SRC"))
    with pytest.raises(ValueError, match=r"no adapters that could learn.*attach"):
        select(encoder("bert"), strategy("ADAPT SRC"))
    with pytest.raises(ValueError, match=r"BertModel has no head.*AutoModelForSequenceClassification"):
        select(encoder("bert", "tokens").base_model, strategy("FULL SRC"))
    with pytest.raises(ValueError, match="a 'electra' model"):
        select(stranger(), strategy("SFT"))

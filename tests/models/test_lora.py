"""LoRA's matrices beside the layers of a student: what learns, what is saved, and that merging changes no answer."""

import numpy as np
import pytest
import torch

from polydistill.models.layers import freeze_bottom
from polydistill.models.loaded import Loaded
from polydistill.models.lora import adaptable, learning_by_lora
from polydistill.models.lora_config import Lora
from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.models.polyglot import Polyglot
from tiny import BLOCKS, outputs, tiny_network, tiny_tokenizer

FAMILIES = ["xlm-roberta", "bert", "roberta", "distilbert", "modernbert", "xlm"]
HEAD = ("classifier", "pre_classifier", "head", "sequence_summary", "pooler")
IDS = torch.randint(5, 200, (4, 9), generator=torch.Generator().manual_seed(3))
TEXT = {"input_ids": IDS, "attention_mask": torch.ones_like(IDS)}


def student(family="xlm-roberta", new=HEAD, **more):
    network = tiny_network(family, dropout=0.1, **more)
    return Loaded(network, tiny_tokenizer(), new=new)


def learn(network, steps=5):
    language = {"langs": torch.zeros_like(IDS)} if network.config.model_type == "xlm" else {}
    learning = [value for value in network.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=1e-2, weight_decay=0.1)
    for _ in range(steps):
        network(**TEXT, **language).logits.square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()


def state(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(
    ("family", "layers"), [*((name, "all") for name in FAMILIES), *((name, "query-value") for name in FAMILIES[:-1])]
)
def test_the_merged_network_says_what_the_adapted_one_said(family, layers):
    one = student(family)
    before = state(one.network)
    said = outputs(one.network, TEXT, "en")
    with learning_by_lora(Lora(rank=3, layers=layers), Polyglot(one.network), [one], seed=1):
        np.testing.assert_array_equal(outputs(one.network, TEXT, "en")["logits"], said["logits"])  # B begins at zero
        adapted = adaptable(tiny_network(family), Lora(rank=3, layers=layers))
        learn(one.network)
        learned = outputs(one.network, TEXT, "en")
    after = outputs(one.network, TEXT, "en")
    assert np.abs(learned["logits"] - said["logits"]).max() > 0.01
    for name, value in learned.items():
        np.testing.assert_allclose(after[name], value, rtol=1e-10, atol=1e-12)
    found = state(one.network)
    assert found.keys() == before.keys()
    moved = {name for name in found if not torch.equal(found[name], before[name])}
    in_encoder = {name for name in moved if not any(f"{part}." in name for part in HEAD)}
    assert len(in_encoder) == len(adapted)
    assert all(name.endswith(".weight") for name in in_encoder)
    assert moved - in_encoder  # the new head
    assert all(value.requires_grad for value in one.network.parameters())


def test_the_layers_that_are_adapted():
    network = tiny_network("xlm-roberta")
    count = {layers: len(adaptable(network, Lora(rank=2, layers=layers))) for layers in ("all", "query-value", "dense")}
    assert count == {"all": 6 * BLOCKS, "query-value": 2 * BLOCKS, "dense": 3 * BLOCKS}
    assert Lora(rank=2, layers="query,key").layers == ("query", "key")
    assert len(adaptable(network, Lora(rank=2, layers=("intermediate.dense",)))) == BLOCKS


def test_a_head_that_is_not_new_stays_as_it_is():
    one = student(new=())
    before = state(one.network)
    with learning_by_lora(Lora(rank=2), Polyglot(one.network), [one], seed=1):
        learn(one.network)
    found = state(one.network)
    moved = [name for name in found if not torch.equal(found[name], before[name])]
    assert len(moved) == 6 * BLOCKS
    assert not [name for name in moved if name.startswith("classifier")]


def test_what_is_frozen_gets_no_matrices():
    one = student()
    freeze_bottom(one.network, embeddings=True, lower_blocks=1)
    before = state(one.network)
    with learning_by_lora(Lora(rank=2), Polyglot(one.network), [one], seed=1):
        learn(one.network)
    found = state(one.network)
    moved = [name for name in found if not torch.equal(found[name], before[name])]
    assert not [name for name in moved if ".layer.0." in name]
    assert len([name for name in moved if ".layer.1." in name]) == 6
    assert not one.network.base_model.embeddings.word_embeddings.weight.requires_grad


def test_alpha_scales_what_is_learned():
    """W + (alpha / rank) B A, computed by hand."""
    one = student()
    query = one.network.base_model.encoder.layer[0].attention.self.query
    before = query.weight.detach().clone()
    with learning_by_lora(Lora(rank=2, alpha=6.0, layers=("query",)), Polyglot(one.network), [one], seed=1):
        learn(one.network)
        layer = one.network.base_model.encoder.layer[0].attention.self.query
        A, B = layer.lora_A["default"].weight.detach(), layer.lora_B["default"].weight.detach()
        assert A.shape == (2, 16)
    torch.testing.assert_close(query.weight.detach(), before + 3.0 * B @ A)
    assert (Lora(rank=4).scale, Lora(rank=4, alpha=1.0).scale) == (8.0, 1.0)


def test_the_matrices_come_from_the_seed_alone():
    def begun(seed):
        one = student()
        torch.rand(seed + 7)  # whatever was drawn before
        with learning_by_lora(Lora(rank=2), Polyglot(one.network), [one], seed):
            return [value for name, value in one.network.named_parameters() if "lora_A" in name]

    first, again, other = begun(1), begun(1), begun(2)
    assert all(map(torch.equal, first, again))
    assert not any(map(torch.equal, first, other))


def test_only_what_learns_is_saved_and_loaded():
    one = student()
    method = Polyglot(one.network)
    whole = set(method.state_dict())
    with learning_by_lora(Lora(rank=2), method, [one], seed=1):
        kept = {name: value.clone() for name, value in method.state_dict().items()}
        assert {name for name in kept if "lora" not in name} == {
            f"network.classifier.{part}.{name}" for part in ("dense", "out_proj") for name in ("weight", "bias")
        }
        learn(one.network)
        missing, unexpected = method.load_state_dict(kept, strict=False)
        assert (missing, unexpected) == ([], [])
        assert all(torch.equal(value, kept[name]) for name, value in method.state_dict().items())
        del kept["network.classifier.dense.weight"]
        assert method.load_state_dict(kept, strict=False).missing_keys == ["network.classifier.dense.weight"]
    assert set(method.state_dict()) == whole


@pytest.mark.parametrize(
    ("network", "how", "says"),
    [
        ("xlm", Lora(rank=2, layers="query-value"), "is not known here. Say layers='all', or name them"),
        ("bert", Lora(rank=2, layers=("quary",)), "Unknown layer for LoRA 'quary'. Did you mean 'query'"),
    ],
)
def test_layers_that_are_not_there_are_said(network, how, says):
    with pytest.raises(ValueError, match=says):
        adaptable(tiny_network(network), how)


def test_a_student_with_nothing_to_adapt_is_refused():
    network = tiny_network()
    freeze_bottom(network, embeddings=True, lower_blocks=BLOCKS)
    with pytest.raises(ValueError, match=r"All layers that LoRA would adapt are frozen\. Freeze fewer blocks"):
        adaptable(network, Lora(rank=2))
    with pytest.raises(ValueError, match="The branches of an MBLM are copies"):
        adaptable(branched(tiny_network(), Branches(languages=("en", "fr"), blocks=1)), Lora(rank=2))


def test_dropout_is_of_what_the_matrices_read():
    one = student()
    with learning_by_lora(Lora(rank=2, dropout=0.4), Polyglot(one.network), [one], seed=1):
        rates = {part["default"].p for name, part in one.network.named_modules() if name.endswith("lora_dropout")}
    assert rates == {0.4}


def test_two_students_share_the_matrices_of_what_they_share():
    """As the students of one teacher do (`models.bank`): a layer that both have is adapted once."""
    first, other = student(), student(seed=5)
    other.network.base_model.encoder.layer[0] = first.network.base_model.encoder.layer[0]
    both = torch.nn.ModuleList([first.network, other.network])
    with learning_by_lora(Lora(rank=2), both, [first, other], seed=1):
        matrices = [name for name, _ in both.named_parameters() if "lora_A" in name]
        assert len(matrices) == 6 * (2 * BLOCKS - 1)
        learn(first.network)
        learned = [outputs(one.network, TEXT, "en")["logits"] for one in (first, other)]
    for one, said in zip((first, other), learned, strict=True):
        np.testing.assert_allclose(outputs(one.network, TEXT, "en")["logits"], said, rtol=1e-10, atol=1e-12)

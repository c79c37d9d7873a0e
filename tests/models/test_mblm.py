"""MBLM: a fresh one says what its encoder says, each layout goes the paper's way, and only the own branch learns."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from mblm_cases import LANGUAGES, LAYOUTS, ZERO_SHOT, by_the_paper, gradients, layout, mblm
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification

from encoders import CLASSES, FAMILIES, PIECES, batch, encoder, stranger
from polydistill import auto_classes
from polydistill.models.branching import BranchedBlock
from polydistill.models.mblm import MBLMForSequenceClassification, MBLMModel, branched
from polydistill.models.mblm_config import Branches
from polydistill.models.mixing import Mixer, mixed
from polydistill.models.polyglot import Polyglot
from reference.mblm import mixer

every_layout = pytest.mark.parametrize("name", LAYOUTS)
every_family = pytest.mark.parametrize("family", FAMILIES)
every_kind = pytest.mark.parametrize(
    ("family", "name"), [(family, "paper") for family in FAMILIES] + [("xlm-roberta", name) for name in LAYOUTS][1:]
)
every_language = pytest.mark.parametrize("language", LANGUAGES)
BATCH_LANGUAGES = (*LANGUAGES, ZERO_SHOT, None)


def wider(inputs, columns=4):
    pads = {"input_ids": 1, "attention_mask": 0}
    return {name: torch.nn.functional.pad(value, (0, columns), value=pads[name]) for name, value in inputs.items()}


@every_kind
def test_a_fresh_one_says_what_its_encoder_says(family, name):
    network = encoder(family)
    wanted = network(**batch()).logits
    fresh = branched(network, layout(name))
    for language in BATCH_LANGUAGES:
        for awake in (False, True):
            found = fresh.train(awake)(**batch(), language=language).logits
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


@every_family
def test_a_fresh_one_says_so_in_single_precision_too(family):
    network = encoder(family).float()
    fresh = branched(network, layout())
    for language in BATCH_LANGUAGES:
        found = fresh(**batch(), language=language).logits
        torch.testing.assert_close(found, network(**batch()).logits, rtol=0, atol=1e-5)


def test_the_encoder_it_was_built_from_is_left_alone():
    network = encoder("bert")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        for value in branched(network, layout()).parameters():
            value.zero_()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_mixer_is_that_of_the_paper():
    generator = np.random.default_rng(0)
    streams, vector = generator.normal(size=(3, 2, 5, 4)), generator.normal(size=9)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    found = mixed(torch.from_numpy(streams), torch.from_numpy(vector), torch.from_numpy(mask))
    np.testing.assert_allclose(found.numpy(), mixer(streams, vector, mask), rtol=1e-9, atol=1e-9)
    plain = mixed(torch.from_numpy(streams), torch.zeros(9, dtype=torch.float64), None)
    np.testing.assert_allclose(plain.numpy(), streams.mean(0), rtol=1e-12)


def test_the_mixers_gradient():
    inputs = [torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    vector = torch.randn(6, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    assert torch.autograd.gradcheck(lambda v, *streams: mixed(streams, v, mask), (vector, *inputs))


@pytest.mark.parametrize("detach", [True, False])
@every_language
def test_values_and_gradients_are_those_of_the_equations(language, detach):
    network = mblm("paper" if detach else "without-detaching")
    found = network(**batch(), language=language).logits
    wanted = by_the_paper(network, language, detach)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    reached = gradients(network, wanted)
    ours = gradients(network, found)
    assert ours.keys() <= reached.keys()
    for key, gradient in reached.items():
        if key in ours:
            torch.testing.assert_close(ours[key], gradient, rtol=1e-9, atol=1e-11)
        else:
            assert not gradient.any()


@every_kind
@pytest.mark.parametrize("language", ["fr", "zh"])
def test_other_branches_get_no_gradient(family, name, language):
    network = mblm(name, family).train()
    if not network.layout.detach:
        return
    reached = gradients(network, network(**batch(), language=language).logits)
    parts = dict(network.named_parameters())
    others = [code for code in LANGUAGES if code != language]
    strange = {key for key in parts for code in others if f".{code}." in f"{key}."}
    own = {key for key in parts if f".{language}." in f"{key}."}
    assert strange and own
    assert not strange & reached.keys()  # not even zeros: the optimiser passes them by
    assert own <= reached.keys()
    shared = parts.keys() - strange - own
    idle = shared - reached.keys()
    # without mixers a batch goes past what is not its own
    assert not idle or name == "without-mixers-all", idle
    assert all(reached[key].any() for key in own | shared if "vectors" not in key)


def test_mixed_precision_reaches_the_own_branch_too():
    """Weights that autocast has cast without a graph must not be taken again where one is needed."""
    network = branched(encoder("xlm-roberta", num_hidden_layers=3).float(), layout()).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(**batch(), language="fr").logits
    reached = gradients(network, logits)
    own = {name for name, _ in network.named_parameters() if ".fr." in f"{name}."}
    assert own <= reached.keys()
    assert not any(f".{code}." in f"{name}." for name in reached for code in ("en", "zh"))


def test_what_has_no_gradient_has_no_graph():
    network = mblm().train()
    seen = {}
    for place, block in enumerate(network.encoder.encoder.layer[:2]):
        for code, part in block.branches.items():
            part.register_forward_hook(lambda _, __, out, key=(place, code): seen.update({key: out.requires_grad}))
    network(**batch(), language="fr")
    assert seen == {(place, code): code == "fr" for place in (0, 1) for code in LANGUAGES}


def test_without_detaching_all_branches_learn():
    network = mblm("without-detaching").train()
    reached = gradients(network, network(**batch(), language="fr").logits)
    assert reached.keys() == dict(network.named_parameters()).keys()


@every_language
def test_detaching_changes_no_value(language):
    states = mblm().state_dict()
    free = mblm("without-detaching")
    free.load_state_dict(states)
    wanted = mblm()(**batch(), language=language).logits
    torch.testing.assert_close(free(**batch(), language=language).logits, wanted, rtol=0, atol=0)


@pytest.mark.parametrize("language", [ZERO_SHOT, None])
def test_a_language_without_a_branch_goes_through_all_and_all_learn(language):
    network = mblm().train()
    logits = network(**batch(), language=language).logits
    torch.testing.assert_close(logits, network(**batch(), language="en").logits, rtol=1e-12, atol=1e-12)
    assert gradients(network, logits).keys() == dict(network.named_parameters()).keys()


@every_layout
@pytest.mark.parametrize("language", BATCH_LANGUAGES)
def test_padding_changes_nothing(name, language):
    network = mblm(name).train()
    short, long = (network(**inputs, language=language).logits for inputs in (batch(), wider(batch())))
    torch.testing.assert_close(long, short, rtol=1e-10, atol=1e-12)
    wanted, found = gradients(network, short), gradients(network, long)
    assert wanted.keys() == found.keys()
    for key, value in wanted.items():
        torch.testing.assert_close(found[key], value, rtol=1e-8, atol=1e-11)


# The variants of table 5


def alone(network, code):
    """What an encoder with only this branch's blocks says: the branch put into a plain classifier."""
    kind, branches = encoder("xlm-roberta", num_hidden_layers=3), network.layout
    states = network.network.state_dict()
    places = [0, 1] if branches.place == "bottom" else [1, 2]
    plain = {}
    for key, value in states.items():
        name = key.replace(f"branches.{code}.", "")
        if ".branches." not in name and ".mixer." not in name:
            plain[name] = value
    assert all(any(f"layer.{place}." in key for key in plain) for place in places)
    kind.load_state_dict(plain)
    return kind


@every_language
def test_without_mixers_a_batch_in_training_goes_through_its_own_branch(language):
    for name in ("without-mixers-all", "without-mixers-single"):
        network = mblm(name).train()
        wanted = alone(network, language)(**batch()).logits
        torch.testing.assert_close(network(**batch(), language=language).logits, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["without-mixers-single", "own-route"])
@every_language
def test_single_reads_with_the_own_branch_alone(name, language):
    network = mblm(name)
    wanted = alone(network, language)(**batch()).logits
    torch.testing.assert_close(network(**batch(), language=language).logits, wanted, rtol=1e-10, atol=1e-12)
    through_all = network(**batch(), language=ZERO_SHOT).logits
    assert not torch.allclose(through_all, wanted)


def test_without_mixers_all_is_the_mean_of_what_the_branches_say():
    network = mblm("without-mixers-all")
    base, seen = network.encoder, []
    base.encoder.layer[2].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found = network(**batch(), language="fr").logits
    streams = []
    for code in LANGUAGES:
        plain = alone(network, code)
        plain.base_model.encoder.layer[2].register_forward_pre_hook(lambda _, given: streams.append(given[0]))
        plain(**batch())
    torch.testing.assert_close(seen[0], torch.stack(streams).mean(0), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(found, network(**batch(), language=ZERO_SHOT).logits)


def test_multi_classifier_reads_with_the_own_head_and_averages_others():
    network = mblm("multi-classifier-without-mixers")
    said = {code: alone(network, code)(**batch()).logits for code in LANGUAGES}
    for code in LANGUAGES:
        torch.testing.assert_close(network(**batch(), language=code).logits, said[code], rtol=1e-10, atol=1e-12)
    mean = torch.stack(list(said.values())).mean(0)
    torch.testing.assert_close(network(**batch(), language=ZERO_SHOT).logits, mean, rtol=1e-10, atol=1e-12)


@every_family
def test_multi_classifier_has_a_whole_head_a_branch(family):
    network = mblm("multi-classifier", family)
    reached = gradients(network, network(**batch(), language="fr").logits)
    assert sum(".branches.fr." in key for key in reached if ".layer" not in key) >= 2
    said = [network(**batch(), language=code).logits for code in LANGUAGES]
    assert not torch.allclose(said[0], said[1])


def test_layouts_say_different_things():
    said = {name: mblm(name)(**batch(), language="fr").logits for name in LAYOUTS}
    alike = {frozenset((a, b)) for a in said for b in said if a < b and torch.allclose(said[a], said[b])}
    assert alike == {frozenset(("paper", "without-detaching"))}  # detaching is a matter of gradients


# A model of `transformers`


@every_kind
def test_saved_and_loaded(family, name, tmp_path):
    network = mblm(name, family)
    network.save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert isinstance(loaded, MBLMForSequenceClassification) and loaded.layout == network.layout
    for language in ("fr", ZERO_SHOT, None):
        wanted = network(**batch(), language=language).logits
        torch.testing.assert_close(loaded(**batch(), language=language).logits, wanted, rtol=1e-12, atol=1e-12)


@every_family
def test_without_its_head(family, tmp_path):
    network = mblm(family=family)
    network.save_pretrained(tmp_path)
    loaded = AutoModel.from_pretrained(tmp_path)
    assert isinstance(loaded, MBLMModel)
    for language in ("fr", None):
        wanted = network(**batch(), language=language, output_hidden_states=True).hidden_states[-1]
        torch.testing.assert_close(
            loaded(**batch(), language=language).last_hidden_state, wanted, rtol=1e-12, atol=1e-12
        )


def test_its_configuration(tmp_path):
    network = mblm()
    network.config.id2label = {0: "no", 1: "maybe", 2: "yes"}
    network.save_pretrained(tmp_path)
    config = AutoConfig.from_pretrained(tmp_path)
    assert (config.model_type, config.layout, config.num_labels) == ("mblm", layout(), CLASSES)
    assert (config.hidden_size, config.num_hidden_layers, config.max_position_embeddings) == (16, 3, 40)
    assert config.encoder.to_dict() == encoder("xlm-roberta", num_hidden_layers=3).config.to_dict()
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path).config.id2label[2] == "yes"
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["MBLMForSequenceClassification"]


def test_another_head_on_it(tmp_path):
    mblm().save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path, num_labels=5, ignore_mismatched_sizes=True)
    assert loaded(**batch()).logits.shape == (3, 5)


def test_the_loss_of_labels():
    network, labels = mblm("multi-classifier"), torch.tensor([0, 2, 1])
    said = network(**batch(), language=ZERO_SHOT, labels=labels)
    torch.testing.assert_close(said.loss, torch.nn.functional.cross_entropy(said.logits, labels))


def test_attention_of_another_kind(tmp_path):
    network = mblm()
    network.save_pretrained(tmp_path)
    eager = AutoModelForSequenceClassification.from_pretrained(tmp_path, attn_implementation="eager")
    assert eager.encoder.config._attn_implementation == "eager"
    assert network.encoder.config._attn_implementation == "sdpa"
    torch.testing.assert_close(eager(**batch()).logits, network(**batch()).logits, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_the_auto_classes_know_it(tmp_path):
    mblm().save_pretrained(tmp_path)
    script = """
import sys
import polydistill
assert not {"torch", "transformers"} & sys.modules.keys()
from transformers import AutoConfig
print(AutoConfig.from_pretrained(sys.argv[1]).model_type)
assert "polydistill.models.mblm" not in sys.modules
from transformers import AutoModel, AutoModelForSequenceClassification
for auto in (AutoModel, AutoModelForSequenceClassification):
    print(type(auto.from_pretrained(sys.argv[1])).__name__)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mblm", "MBLMModel", "MBLMForSequenceClassification"]


@pytest.fixture
def without_ours():
    """`transformers` and Python as they are before `polydistill` is imported."""
    before = list(sys.meta_path)
    sys.meta_path[:] = [finder for finder in before if type(finder).__name__ != "_Watch"]
    yield
    sys.meta_path[:] = before


def test_announcing_comes_in_time_when_transformers_was_there_first(without_ours, monkeypatch):
    loaded = []
    monkeypatch.setattr(auto_classes.importlib, "import_module", loaded.append)
    auto_classes.announce()
    auto_classes.announce()  # once is enough
    rooms = ("mblm_config", "static_config", "mblm", "static")
    assert loaded == [f"polydistill.models.{room}" for room in rooms]


# Students and errors


def test_a_student_tells_it_the_language():
    student = Polyglot(mblm("own-route"))
    for language in (*LANGUAGES, ZERO_SHOT):
        wanted = student.network(**batch(), language=language).logits
        assert torch.equal(student(batch(), language).logits_BC, wanted)
    last_BLD = student.network(**batch(), language="fr", output_hidden_states=True).hidden_states[-1]
    assert torch.equal(student(batch(), "fr", first=True).first_BD, last_BLD[:, 0])


def test_in_training_it_must_know_the_language():
    student = Polyglot(mblm().train())
    with pytest.raises(ValueError, match=r"needs batches of one language: set training\.batching\.batches"):
        student(batch())
    assert student.eval()(batch()).logits_BC.shape == (3, CLASSES)


def test_a_failed_batch_leaves_nothing_behind():
    network = mblm()
    with pytest.raises(IndexError):
        network(input_ids=torch.full((1, 3), PIECES), language="fr")
    assert not vars(network.guide)
    assert network(**batch()).logits.shape == (3, CLASSES)


def test_encoders_that_cannot_branch():
    with pytest.raises(ValueError, match=r"A 'electra' model cannot branch: .* Families that can: bert, roberta"):
        branched(stranger(), layout())
    with pytest.raises(ValueError, match=r"A 'mblm' model cannot branch"):
        branched(mblm(), layout())
    with pytest.raises(ValueError, match=r"Branches of 4 blocks need an encoder with as many; this one has 2"):
        branched(encoder("bert"), Branches(languages=LANGUAGES))


@pytest.mark.parametrize("languages", [(), ("en", "eng")])
def test_languages_of_branches(languages):
    with pytest.raises(ValueError, match="expected at least one, and each once"):
        Branches(languages=languages)


def test_own_heads_are_at_the_top():
    with pytest.raises(ValueError, match=r"heads='own'.* Set place to 'top'"):
        Branches(languages=LANGUAGES, heads="own")


def test_a_mixer_starts_as_the_plain_mean():
    assert not any(vector.any() for vector in Mixer(LANGUAGES, 8).vectors.values())


@pytest.mark.parametrize("place", ["bottom", "top"])
@pytest.mark.parametrize("language", ["en", "tr"])
def test_hidden_states_are_those_of_the_branches_that_read_block_by_block(tmp_path, place, language):
    network = branched(
        encoder("xlm-roberta", num_hidden_layers=3), Branches(languages=("en", "fr"), blocks=2, place=place)
    )
    with torch.no_grad():
        for at, value in enumerate(network.parameters()):
            value.add_(0.1 * torch.randn(value.shape, generator=torch.Generator().manual_seed(at), dtype=value.dtype))
    network.save_pretrained(tmp_path)
    bare = AutoModel.from_pretrained(tmp_path)
    said = {code: [] for code in ("en", "fr")}
    for block in bare.modules():
        if isinstance(block, BranchedBlock):
            for code, branch in block.branches.items():
                branch.register_forward_hook(lambda _, __, output, code=code: said[code].append(output))
    states = bare.hidden(**batch(), language=language)
    assert len(states) == 4
    assert torch.equal(states[-1], bare(**batch(), language=language).last_hidden_state)
    first = 1 if place == "bottom" else 2
    torch.testing.assert_close(states[first], torch.stack([said["en"][0], said["fr"][0]]).mean(0))

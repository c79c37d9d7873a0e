"""Models are read as they are: the numbers are those of their own hidden states, whatever the batches."""

import json

import numpy as np
import pytest
import torch

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.inspection.inspecting import InspectedModel, inspect_loaded
from polydistill.inspection.inspection import Inspected, Inspection
from polydistill.models.loaded import Loaded
from polydistill.models.mblm import MBLMModel, branched
from polydistill.models.mblm_config import Branches
from polydistill.starts.loading import load_encoder
from reference import inspection as paper
from tiny import tiny_network, tiny_tokenizer

WORLD = WorldSource(rows=30, split="test")
CODES = ("en", "tr", "sw")


def loaded(**kind):
    return Loaded(tiny_network(**kind), tiny_tokenizer())


def subject(name="one", codes=CODES, **kind):
    return InspectedModel(name, loaded(**kind), codes)


def inspection(**said):
    return Inspection.model_validate({"data": WORLD, "sentences": 12, "drawn": 4, "layers": [1, 2], **said})


def plainly(network, texts, layer, first=False):
    """The vectors of some texts, one at a time, with `transformers` alone."""
    found = []
    network = network.eval()
    for text in texts:
        with torch.no_grad():
            inputs = tiny_tokenizer()(*text, return_tensors="pt")
            inputs.pop("token_type_ids", None)
            states = network(**inputs, output_hidden_states=True).hidden_states[layer][0]
        found.append((states[0] if first else states.mean(0)).numpy())
    return np.array(found)


def sentences_of(code, shape=SENTENCE):
    rows = load_rows(WORLD, shape, [code]).rows[code]
    return [tuple(row[name] for name in shape.texts) for row in rows.select(range(12))]


def test_the_numbers_are_those_of_the_models_hidden_states():
    one, other = subject(), subject("other", seed=1)
    found = inspect_loaded([one, other], inspection(neighbours=3))
    vectors = {
        who.name: [
            np.concatenate([plainly(who.loaded.network, sentences_of(c), layer) for c in CODES]) for layer in (1, 2)
        ]
        for who in (one, other)
    }
    meanings, languages = list(range(12)) * 3, [code for code in CODES for _ in range(12)]
    for model in found.models:
        for numbers, points in zip(model.layers, vectors[model.name], strict=True):
            sides = np.split(points, 3)
            distances = [paper.alignment(sides[i], sides[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
            assert numbers.alignment == pytest.approx(np.mean(distances), abs=1e-9)
            assert numbers.uniformity == pytest.approx(paper.uniformity(points), abs=1e-9)
            assert numbers.translations == pytest.approx(paper.translations_found(points, meanings, languages))
            assert numbers.same_meaning == pytest.approx(paper.same_group(points, meanings, 2))
            assert numbers.same_language == pytest.approx(paper.same_group(points, languages, 3))
    (compared,) = found.comparisons
    first, second = vectors["one"], vectors["other"]
    expected = [[paper.unbiased_cka(a, b) for b in second] for a in first]
    np.testing.assert_allclose(compared.cka, expected, rtol=0, atol=1e-9)
    assert compared.alignment == pytest.approx(paper.alignment(first[1], second[1]), abs=1e-9)
    both, models = np.concatenate([first[1], second[1]]), ["one"] * 36 + ["other"] * 36
    assert compared.same_model == pytest.approx(paper.same_group(both, models, 3))
    assert compared.found == pytest.approx(paper.translations_found(both, list(range(36)) * 2, models))


def test_of_a_pair_task_the_first_token_is_read_by_each_model_in_its_own_pair():
    teacher, student = subject("teacher", ("en-tr",)), subject("student", ("en-fr",), seed=1)
    found = inspect_loaded([teacher, student], inspection(task="nli", pooling="first", layers="last", unbiased=False))
    vectors = []
    for who, code in ((teacher, "en-tr"), (student, "en-fr")):
        texts = sentences_of(code, PAIR_OF_SENTENCES)
        vectors.append(plainly(who.loaded.network, texts, -1, first=True))
    (compared,) = found.comparisons
    assert compared.cka[0][0] == pytest.approx(paper.cka(*vectors), abs=1e-9)
    assert compared.alignment == pytest.approx(paper.alignment(*vectors), abs=1e-9)
    assert found.models[0].layers[0].translations is None
    assert [one.languages for one in found.models] == [("en-tr",), ("en-fr",)]


def test_padding_and_batches_change_nothing_and_all_of_it_is_plain_data():
    models = [subject(), subject("other", seed=1)]
    alone, together = (inspect_loaded(models, inspection(), batch_size) for batch_size in (1, 64))
    for one, other in zip(alone.models, together.models, strict=True):
        for a, b in zip(one.layers, other.layers, strict=True):
            assert a.model_dump() == pytest.approx(b.model_dump(), abs=1e-9)
    np.testing.assert_allclose(alone.comparisons[0].cka, together.comparisons[0].cka, rtol=0, atol=1e-9)
    assert Inspected.model_validate_json(together.model_dump_json()) == together


def test_a_model_and_itself():
    found = inspect_loaded([subject(), subject("again")], inspection()).comparisons[0]
    assert found.cka[0][0] == pytest.approx(1)
    assert found.cka[1][1] == pytest.approx(1)
    assert found.best_layer == {layer: (layer, pytest.approx(1)) for layer in (1, 2)}
    assert found.same_layer == {1: pytest.approx(1), 2: pytest.approx(1)}
    assert (found.alignment, found.found) == (pytest.approx(0, abs=1e-12), 1)


def test_special_tokens_may_stay_out_of_the_mean():
    counted, dropped = (inspect_loaded([subject()], inspection(special_tokens=kind)) for kind in ("counted", "dropped"))
    assert counted.models[0].last != dropped.models[0].last


def test_models_of_other_widths_and_depths_are_compared_by_cka_alone():
    wide = another_shape()
    found = inspect_loaded([subject(), InspectedModel("wide", wide, CODES)], inspection(layers="all"))
    (compared,) = found.comparisons
    assert (compared.first_layers, compared.other_layers) == ((1, 2), (1, 2, 3))
    assert compared.alignment is compared.found is compared.same_model is None
    assert not found.one_plane
    assert list(compared.same_layer) == [1, 2]
    assert [len(one.points) for one in found.models] == [12, 12]


def another_shape():
    config = tiny_network().config
    config.hidden_size, config.num_hidden_layers = 24, 3
    network = type(tiny_network())(config).double()
    return Loaded(network, tiny_tokenizer())


@pytest.mark.parametrize("place", ["bottom", "top"])
def test_a_fresh_mblm_is_its_encoder_layer_by_layer(tmp_path, place):
    encoder = tiny_network(blocks=3).eval()
    layout = Branches(languages=("en", "tr"), blocks=2, place=place)
    branched(encoder, layout).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    mblm = load_encoder(tmp_path)
    assert isinstance(mblm.network, MBLMModel)
    models = [InspectedModel("encoder", Loaded(encoder, tiny_tokenizer()), CODES), InspectedModel("mblm", mblm, CODES)]
    first, second = inspect_loaded(models, inspection(layers=[0, 1, 2, 3])).models
    for one, other in zip(first.layers, second.layers, strict=True):
        assert one.model_dump() == pytest.approx(other.model_dump(), abs=1e-6)


def test_models_are_left_as_they_were():
    awake = loaded(dropout=0.5)
    before = torch.get_rng_state()
    found = inspect_loaded([InspectedModel("awake", awake, CODES), subject("asleep")], inspection())
    assert awake.network.training
    assert found.comparisons[0].cka[1][1] == pytest.approx(1)
    assert torch.equal(torch.get_rng_state(), before)


def test_rows_that_repeat_a_text_are_left_out(tmp_path):
    lines = {"en": ["a b", "c", "d", "c", "e", "f"], "tr": ["1", "2", "3", "4", "5", "1"]}
    for code, texts in lines.items():
        (tmp_path / f"text.{code}").write_text("\n".join(texts))
    source = FileSource(path=f"{tmp_path}/text.{{lang}}")
    found = inspect_loaded([subject(codes=("en", "tr"))], inspection(data=source))
    assert (found.rows, found.repeated, found.drawn) == (4, 2, 4)
    files = {code: f"{tmp_path}/text.{code}" for code in lines}
    same = inspect_loaded([subject(codes=("en", "tr"))], inspection(data=files))
    assert same.models == found.models
    (tmp_path / "text.tr").write_text("other\n" * 6)
    with pytest.raises(ValueError, match="There are 1 rows whose texts differ"):
        inspect_loaded([subject(codes=("en", "tr"))], inspection(data=files))


@pytest.mark.parametrize(
    ("models", "said", "says"),
    [
        ([("one", ("en",))], {}, r"One model that reads one language \(en\)"),
        ([("one", CODES), ("one", CODES)], {}, "called alike"),
        ([("one", ("en", "tr")), ("two", ("en",))], {}, "one reads en and tr, two reads en"),
        ([("one", CODES)], {"layers": [1, 3]}, r"layers=1,3: expected all, last, or different layers from 0"),
        ([("one", CODES)], {"task": "ner"}, "no single texts"),
        ([("one", CODES)], {"task": "qa"}, "no single texts"),
        ([("one", CODES)], {"data": WorldSource(rows=3)}, "There are 3 rows"),
        ([("one", CODES)], {"data": {"en": "text.en"}}, "Unknown language of the files 'tr'"),
        ([("one", CODES)], {"data": {"en": "text.en"}, "task": "nli"}, "One file a language holds sentences"),
        ([("one", CODES)], {"data": FileSource(path="x", aligned=False)}, "leave out aligned=false"),
        ([("one", CODES), ("two", CODES)], {"layers": [0, 1], "pooling": "first"}, "leave layer 0 out"),
    ],
)
def test_what_cannot_be_inspected(models, said, says):
    with pytest.raises(ValueError, match=says):
        inspect_loaded([subject(name, codes) for name, codes in models], inspection(**said))


@pytest.mark.parametrize(
    "said", [{"sentences": 3}, {"drawn": 3}, {"neighbours": 0}, {"perplexity": 0}, {"pooling": "last"}]
)
def test_settings_out_of_range(said):
    with pytest.raises(ValueError, match=next(iter(said))):
        inspection(**said)


def test_unequal_numbers_of_rows(tmp_path):
    for code, count in (("en", 8), ("tr", 9)):
        (tmp_path / f"text.{code}").write_text("\n".join(f"{code} {row}" for row in range(count)))
    with pytest.raises(ValueError, match="equal line counts"):
        inspect_loaded([subject(codes=("en", "tr"))], inspection(data=FileSource(path=f"{tmp_path}/text.{{lang}}")))
    rows = [
        {"premise": f"p {row}", "hypothesis": "h", "label": "neutral", "language": code}
        for code, count in (("en", 8), ("tr", 9))
        for row in range(count)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(ValueError, match=r"8 \(en\), 9 \(tr\)"):
        inspect_loaded(
            [subject(codes=("en", "tr"))],
            inspection(data=FileSource(path=str(tmp_path / "rows.jsonl"), aligned=True), task="nli"),
        )


def test_rows_of_a_task_that_are_not_the_same(tmp_path):
    rows = [
        {"premise": f"p {word}", "hypothesis": f"h {word}", "label": label, "language": code}
        for code, labels in (("en", ["neutral", "entailment"]), ("tr", ["entailment", "neutral"]))
        for word, label in zip("abcdefghij", labels * 5, strict=True)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    source, models = FileSource(path=str(tmp_path / "rows.jsonl")), [subject(codes=("en", "tr"))]
    with pytest.raises(ValueError, match="An inspection needs rows that say the same"):
        inspect_loaded(models, inspection(data=source, task="nli"))
    claimed = source.model_copy(update={"aligned": True})
    assert inspect_loaded(models, inspection(data=claimed, task="nli")).rows == 10

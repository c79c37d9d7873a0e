import pytest
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

import polydistill
from polydistill.papers.scales import polyglot, pretrained
from polydistill.starts.origins import Fresh

SMALL = {"blocks": 1, "width": 16, "heads": 2, "vocabulary": 200, "steps": 2, "batch_size": 4}


def test_a_small_encoder_is_made_and_tuned(tmp_path):
    done = polydistill.pretrain("en,tr", data="world:?rows=30", max_length=40, out=tmp_path / "polyglot", **SMALL)
    assert done.result.labels_seen == ()
    folder = tmp_path / "polyglot" / "model"
    network, tokenizer = AutoModelForMaskedLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert (network.config.num_hidden_layers, network.config.hidden_size) == (1, 16)
    assert (len(tokenizer), tokenizer.model_max_length) == (200, 80)
    tuned = polydistill.tune(tmp_path / "polyglot", "world:?rows=8", ["en"], steps=1, out=tmp_path / "tuned")
    assert tuned.run.start.name == str(folder)
    assert (tmp_path / "tuned" / "model" / "config.json").is_file()


def test_where_nothing_is_said_it_is_the_polyglot_of_the_papers_world():
    languages = ("en", "fr", "es", "de", "tr", "sw")
    paper = pretrained(polyglot("world"), languages, "XLM MLM+TLM", seed=0)
    own = polydistill.pretrain.run(languages)
    assert own.model_dump(exclude={"name"}) == paper.model_dump(exclude={"name"})
    assert own.start == Fresh()


def test_pairs_are_of_text_that_says_the_same_in_several_languages(tmp_path):
    for code, text in (("en", "one\ntwo\n"), ("tr", "bir\niki\nüç\n")):
        (tmp_path / f"news.{code}.txt").write_text(text)
    plain = polydistill.pretrain.run("en,tr", data=f"{tmp_path}/news.{{lang}}.txt", batch_size=2)
    assert (plain.method.pairs, plain.training.steps) == (0.0, 4 * 5 // 2)
    assert polydistill.pretrain.run("en", data="world:?rows=9").method.pairs == 0.0
    assert polydistill.pretrain.run("en,tr", data="world:?rows=9").method.pairs == 0.6
    assert polydistill.pretrain.run("en,tr", data="world:?rows=9", pairs=0.2).method.pairs == 0.2


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="width is 30 and heads is 4; expected a width that is a multiple"):
        polydistill.pretrain.run("en", width=30)


def test_an_encoder_that_there_is_learns_on_and_can_teach(tmp_path):
    """Without a head for hidden words it gets one; text that is held out chooses the weights."""
    made = polydistill.pretrain("en,tr", data="world:?rows=30", max_length=40, out=tmp_path / "first", **SMALL)
    bare = AutoModel.from_pretrained(made.model, add_pooling_layer=False)
    bare.save_pretrained(tmp_path / "bare")
    AutoTokenizer.from_pretrained(made.model).save_pretrained(tmp_path / "bare")
    with pytest.raises(ValueError, match=r"let this one learn hidden words first: polydistill pretrain --model"):
        polydistill.distill.run(tmp_path / "bare", ["tr=world:?rows=9"], depth=1)
    done = polydistill.pretrain(
        "en,tr", model=tmp_path / "bare", data="world:?rows=30", dev="world:?rows=9&split=dev", max_length=40,
        steps=4, evaluate_every=2, batch_size=4, out=tmp_path / "teacher",
    )  # fmt: skip
    assert (done.run.training.learning_rate, done.run.start.name) == (1e-4, str(tmp_path / "bare"))
    assert done.result.selected_on == ("dev/en (perplexity, no labels)", "dev/tr (perplexity, no labels)")
    assert len(AutoTokenizer.from_pretrained(done.model)) == 200
    polydistill.distill.run(tmp_path / "teacher", ["tr=world:?rows=9"], depth=1)


def test_the_shape_of_a_model_is_its_own(tmp_path):
    made = polydistill.pretrain("en", data="world:?rows=30", max_length=40, out=tmp_path / "first", **SMALL)
    with pytest.raises(ValueError, match="blocks and width shape a new encoder"):
        polydistill.pretrain.run("en", model=made.model, data="world:?rows=9", blocks=2, width=8)
    with pytest.raises(ValueError, match=r"max_length is 100, but .* reads at most 80 tokens"):
        polydistill.pretrain.run("en", model=made.model, data="world:?rows=9", max_length=100)

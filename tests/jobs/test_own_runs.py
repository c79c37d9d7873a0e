import json

import pytest

from polydistill.data.translations.filters import Filters
from polydistill.jobs.tune import tune
from polydistill.jobs.xd import xd
from polydistill.results import RunResult, save_result
from polydistill.training.run import Run
from tiny import tiny_network, tiny_tokenizer


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    network = tiny_network().float()
    network.config.id2label = {0: "contradiction", 1: "neutral", 2: "entailment"}
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def test_one_pass_is_the_default(model):
    run = tune.run(model, "world:?rows=100", ["en", "tr"])
    assert run.training.steps == 200 // 32
    assert tune.run(model, "world:?rows=100", ["en", "tr"], batch_size=4, accumulation=5).training.steps == 10
    assert tune.run(model, "world:?rows=3", ["en"]).training.steps == 1


def test_defaults_and_what_is_said_over_them(model):
    training = tune.run(model, "world:?rows=100", ["en"], learning_rate=1e-3, decay="constant").training
    assert (training.learning_rate, training.decay, training.batch_size, training.warmup) == (1e-3, "constant", 32, 0.1)
    taught = xd.run(model, ["en", "tr"], data="world:?rows=100").training
    assert (taught.learning_rate, taught.batch_size, taught.steps) == (5e-6, 8, 200 // 8)


def test_inputs_are_no_longer_than_the_model_reads(model):
    assert tune.run(model, "world:?rows=9", ["en"]).method.max_length == 64
    assert tune.run(model, "world:?rows=9", ["en"], max_length=20).method.max_length == 20
    with pytest.raises(ValueError, match=r"max_length is 65, but .* reads at most 64 tokens. Ask for 64"):
        tune.run(model, "world:?rows=9", ["en"], max_length=65)


def test_dev_rows_select_ten_times_in_the_languages_of_training(model):
    run = tune.run(model, "world:?rows=400", ["eng"], dev="world:?split=dev&rows=9", test="world:?split=test&rows=9")
    assert (run.selection.languages, run.evaluation.languages) == (("en",), ("en",))
    assert (run.training.steps, run.training.evaluate_every) == (12, 1)
    assert run.selected_on == ("dev/en",)
    run = tune.run(model, "world:?rows=400", ["en"], dev="world:?split=dev&rows=9", dev_langs=["tr"], steps=100)
    assert (run.selection.languages, run.training.evaluate_every) == (("tr",), 10)


def test_evaluations_without_dev_rows_are_refused(model):
    with pytest.raises(ValueError, match=r"evaluate_every=5 needs rows"):
        tune.run(model, "world:?rows=9", ["en"], evaluate_every=5)


def test_parallel_text_in_every_form(model, tmp_path):
    for code in ("en", "tr"):
        (tmp_path / f"news.{code}").write_text("one\ntwo\nthree\n")
    both = tuple(str(tmp_path / f"news.{code}") for code in ("en", "tr"))
    for given in (both, str(tmp_path / "news"), tmp_path / "news.{lang}"):
        run = xd.run(model, parallel={"tur": given}, batch_size=1)
        assert run.method.corpora[0].data.path == str(tmp_path / "news.{lang}")
        assert (run.method.languages, run.training.steps) == (("en", "tr"), 6)
    assert xd.run(model, ["tr"], parallel={"tr": both}, batch_size=1).training.steps == 3


def test_several_corpora_a_language_of_any_source_are_filtered(model):
    given = ["en-tr=world:?rows=60", "en-tr=world:?rows=60&seed=1", "en-de=world:?rows=30"]
    run = xd.run(model, parallel=given, batch_size=1)
    assert (run.method.languages, run.training.steps) == (("en", "tr", "de"), 2 * 150)
    fewer = xd.run(model, parallel=given, batch_size=1, longest=8, at_most=20, duplicates="drop")
    assert fewer.method.filters == Filters(shortest=None, longest=8, at_most=20, same_sides="keep")
    assert fewer.training.steps < 2 * 60
    assert fewer.identity != run.identity
    with pytest.raises(ValueError, match=r"--longest choose among the pairs of --parallel"):
        xd.run(model, ["en", "tr"], data="world:?rows=9", longest=8)


def test_text_of_a_language_alone(model, tmp_path):
    (tmp_path / "german.txt").write_text("eins\n\nzwei\ndrei\n", encoding="utf-8")
    given = [f"deu={tmp_path / 'german.txt'}", "tr=world:?rows=5"]
    run = xd.run(model, text=given, batch_size=1, temperature=0.7, confidence=0.3)
    method = run.method
    assert (method.languages, tuple(method.text.sources), run.training.steps) == ((), ("de", "tr"), 3 + 5)
    assert (method.temperature, method.confidence, run.name.split(" on ")[0]) == (0.7, 0.3, "xd de+tr")
    assert Run.model_validate(json.loads(run.model_dump_json())) == run
    anchored = xd.run(model, text=given, anchor="world:?rows=4", batch_size=1, test="world:?rows=5&split=test")
    assert (anchored.method.languages, anchored.training.steps) == (("en",), 3 + 5 + 4)
    assert anchored.evaluation.languages == ("en", "de", "tr")
    joined = xd.run(model, ["en", "fr"], data="world:?rows=9", text={"de": tmp_path / "german.txt"}, batch_size=1)
    assert joined.training.steps == 2 * 9 + 3
    with pytest.raises(ValueError, match=r"--text german.txt: expected a language and its text, such as de=german.txt"):
        xd.run(model, text=["german.txt"])
    (tmp_path / "german.txt").write_text("eins\n", encoding="utf-8")
    assert xd.run(model, text=given, batch_size=1).identity != run.identity


def test_both_sides_of_parallel_text_make_the_identity(model, tmp_path):
    file = tmp_path / "both.tsv"
    file.write_text("en\ttr\nA dog.\tBir köpek.\n")
    sides = [tmp_path / "t.en", tmp_path / "t.tr"]
    for side in sides:
        side.write_text("one\n")
    seen = set()
    for changed in (None, *sides):
        if changed:
            changed.write_text("two\n")
        seen.add(xd.run(model, parallel={"tr": sides}).identity)
    assert len(seen) == 3
    assert xd.run(model, parallel={"tr": file}).identity not in seen


def test_the_models_content_makes_the_identity_and_not_its_place(model, tmp_path):
    first = tune.run(model, "world:?rows=9", ["en"])
    moved = model.rename(tmp_path / "moved")
    second = tune.run(moved, "world:?rows=9", ["en"])
    assert second.identity == first.model_copy(update={"start": second.start}).identity
    identity = second.identity
    tiny_network(seed=1).float().save_pretrained(moved)
    assert second.identity != identity


def test_a_model_without_a_tuned_head_cannot_teach(tmp_path):
    tiny_network(head="mlm").float().save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"no head of the task 'nli', so it cannot teach. Tune it first"):
        xd.run(tmp_path, ["en", "tr"], data="world:?rows=9")
    assert isinstance(tune.run(tmp_path, "world:?rows=9", ["en"]), Run)


def test_rows_of_the_source_language_alone_teach_nothing(model):
    with pytest.raises(ValueError, match=r"There is nothing to learn: name languages besides 'en'"):
        xd.run(model, data="world:?rows=9")


def test_the_record_beside_a_model_counts(model, tmp_path):
    """A folder that a run left says whose labels its model saw, though the next run knows only the folder."""
    folder = tmp_path / "tuned"
    folder.mkdir()
    first = tune.run(model, "world:?rows=9", ["tr"], dev="world:?split=dev&rows=9")
    model.rename(folder / "model")
    assert xd.run(folder, ["en", "tr"], data="world:?rows=9").labels_seen == ()
    (folder / "run.json").write_text(first.model_dump_json())
    record = RunResult(
        run_id="tuned",
        name="tuned",
        seed=0,
        scores=(),
        labels_seen=first.labels_seen,
        selected_on=first.selected_on,
        data_fingerprint="",
        model_fingerprint="",
        seconds=0,
        versions={},
    )
    save_result(folder, record)
    second = xd.run(folder, ["en", "tr"], data="world:?rows=9")
    assert (second.labels_seen, second.selected_on) == (("tr",), ("dev/tr",))
    assert tune.run(folder, "world:?rows=9", ["en"]).labels_seen == ("tr", "en")


def test_a_run_survives_json(model):
    run = xd.run(model, ["en", "tr"], data="world:?rows=9", dev="world:?split=dev&rows=9", steps=20)
    assert Run.model_validate(json.loads(run.model_dump_json())) == run


def test_a_source_language_that_is_the_target(model, tmp_path):
    (tmp_path / "t.en").write_text("one\n")
    with pytest.raises(ValueError, match=r"needs two languages"):
        xd.run(model, parallel={"en": [tmp_path / "t.en", tmp_path / "t.en"]})


def test_the_reference_preset_changes_what_the_authors_code_does_otherwise(model):
    paper = xd.run(model, ["en", "tr"], data="world:?rows=100", dev="world:?rows=30&split=dev")
    reference = xd.run(model, "en,tr", data="world:?rows=100", dev="world:?rows=30&split=dev", preset="reference")
    assert (paper.method.longer, paper.training.batching.sampling, paper.selection.measure) == (
        "cut",
        "uniform",
        "agreement",
    )
    assert (reference.method.longer, reference.training.batching.sampling, reference.selection.measure) == (
        "drop",
        "in-turn",
        "accuracy",
    )
    assert reference.method.max_length <= 128
    assert (paper.training.patience, reference.training.patience, reference.training.clip) == (None, 60, 0.0)
    assert reference.identity != paper.identity
    assert reference.selected_on == ("dev/en", "dev/tr")


def test_the_mean_of_the_last_checkpoints_lies_in_the_last_half(model):
    run = tune.run(model, "world:?rows=100", ["en"], steps=100, average=5)
    assert (run.training.average, run.training.checkpoint_every) == (5, 10)
    said = tune.run(model, "world:?rows=100", ["en"], steps=100, average=5, checkpoint_every=7)
    assert said.training.checkpoint_every == 7
    assert tune.run(model, "world:?rows=100", ["en"], steps=100).training.checkpoint_every == 500
    with pytest.raises(ValueError, match=r"average=5 takes the mean"):
        tune.run(model, "world:?rows=100", ["en"], average=5, dev="world:?split=dev&rows=9")


def test_labels_of_translations_are_those_of_one_language(model):
    run = tune.run(model, "world:?rows=9", ["en", "tr"], labels_from="en", batch_size=1)
    assert (run.method.labels_from, run.labels_seen, run.training.steps) == ("en", ("en",), 18)
    with pytest.raises(ValueError, match=r"A strategy learns labels as they are"):
        tune.run(model, "world:?rows=9", ["en"], labels_from="en", strategy="FULL TRG")

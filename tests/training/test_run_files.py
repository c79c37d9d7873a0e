import json

import pytest
import yaml

from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.tuning import TuneSpec
from polydistill.starts.origins import Pretrained
from polydistill.training.edit import changed, read_run
from polydistill.training.run import Run
from polydistill.training.settings import Judging, Training

RUN = Run(
    name="one",
    method=TuneSpec(languages=("en",), data=WorldSource(rows=9)),
    start=Pretrained(name="some/model", revision="0" * 40),
    training=Training(steps=3),
    evaluation=Judging(languages=("en",), data=WorldSource(rows=9, split="test")),
)


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_json_and_yaml_say_the_same(tmp_path, suffix):
    file = tmp_path / f"run{suffix}"
    content = RUN.model_dump(mode="json")
    file.write_text(json.dumps(content) if suffix == ".json" else yaml.safe_dump(content))
    assert read_run(file) == RUN
    assert read_run(file, ["seed=4"]).seed == 4


def test_yaml_numbers_without_a_point_are_numbers(tmp_path):
    file = tmp_path / "run.yaml"
    text = yaml.safe_dump(RUN.model_dump(mode="json"))
    file.write_text(text.replace("learning_rate: 5.0e-06", "learning_rate: 1e-5"))
    assert read_run(file).training.learning_rate == 1e-5


@pytest.mark.parametrize(
    ("change", "where", "value"),
    [
        ("training.learning_rate=1e-5", lambda run: run.training.learning_rate, 1e-5),
        ("name=another name", lambda run: run.name, "another name"),
        ("method.languages=en,tr", lambda run: run.method.languages, ("en", "tr")),
        ('method.languages=["tr"]', lambda run: run.method.languages, ("tr",)),
        ("method.languages.0=sw", lambda run: run.method.languages, ("sw",)),
        ("evaluation=null", lambda run: run.evaluation, None),
        ("evaluation.data.rows=5", lambda run: run.evaluation.data.rows, 5),
        ("evaluation.data=file:x-{lang}.tsv", lambda run: run.evaluation.data, FileSource(path="x-{lang}.tsv")),
        ("start.name=a=b", lambda run: run.start.name, "a=b"),
    ],
)
def test_changes(change, where, value):
    after = changed(RUN, [change])
    assert where(after) == value
    assert where(RUN) != value


def test_a_setting_that_stands_nowhere_while_it_is_the_usual_one_can_be_changed():
    assert "dropout" not in RUN.model_dump(mode="json")["training"]
    assert changed(RUN, ["training.dropout=row"]).training.dropout == "row"
    assert changed(RUN, ["training.dropout=null"]).identity == RUN.identity


def test_several_changes_one_after_the_other():
    assert changed(RUN, ["training.steps=5", "training.steps=6", "seed=1"]).training.steps == 6
    assert changed(RUN, []) is RUN


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("training.step=1", r"Unknown setting of training 'step'. Did you mean 'steps'\?"),
        ("trainig.steps=1", r"Unknown setting of a run 'trainig'. Did you mean 'training'\?"),
        ("training.steps.more=1", r"Unknown setting of training.steps 'more'"),
        ("selection.languages=en", r"Unknown setting of selection 'languages'"),
        ("method.languages.3=en", r"Unknown setting of method.languages '3'"),
        ("training.steps", r"'training.steps' changes nothing: expected path=value"),
        ("training.steps=-1", r"The changed run is not a valid run. training.steps: "),
        ("training.steps=some", r"training.steps: "),
        ("evaluation.data=file:", r"path"),
    ],
)
def test_changes_that_cannot_be_made(change, says):
    with pytest.raises(ValueError, match=says) as caught:
        changed(RUN, [change])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("run.json", "{", "a run as JSON or YAML"),
        ("run.yaml", "a: [", "a run as JSON or YAML"),
        ("run.json", "[]", "is not a valid run. Input should be"),
        ("run.json", "{}", "name: Field required"),
        ("run.json", json.dumps({**RUN.model_dump(mode="json"), "sed": 3}), "'sed'. Did you mean 'seed'?"),
    ],
)
def test_files_that_hold_no_run(tmp_path, name, text, says):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ValueError) as caught:
        read_run(file)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        read_run(tmp_path / "run.json")
    with pytest.raises(ValueError, match=r"Name the run\.json"):
        read_run(tmp_path)

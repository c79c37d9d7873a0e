"""`polydistill inspect` and the function behind it: from folders, files and runs to numbers, plots and a page."""

import json
from pathlib import Path

import pytest

import polydistill as pd
from polydistill.inspection.inspection import FILE, Inspected
from polydistill.models.loaded import Loaded
from tiny import tiny_network, tiny_tokenizer

TEXT = "--data file:text.{lang} --langs en,tr"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other") / "model"
    tiny_network(head="mlm", seed=1, blocks=3).float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def test_numbers_are_printed_and_written_with_plots_and_a_page(polydistill, own_model, other_model, work):
    result = polydistill(f"inspect before={own_model} after={other_model} {TEXT} --drawn 5 --out looked")
    assert result.exit_code == 0, result.output
    found = Inspected.model_validate_json(Path("looked", FILE).read_bytes())
    assert found == pd.inspect({"before": own_model, "after": other_model}, "file:text.{lang}", ["en", "tr"], drawn=5)
    assert {file.name for file in Path("looked").iterdir()} == {
        *(FILE, "inspect.html", "meanings.png", "models.png", "layers.png", "cka.png", "cka_by_layer.png")
    }
    for file in Path("looked").glob("*.png"):
        assert file.read_bytes().startswith(PNG)
        assert len(file.read_bytes()) > 5000
    for one in found.models:
        words = next(line.split() for line in result.stdout.splitlines() if line.split()[:1] == [one.name])
        assert words[1:] == [
            str(one.last.layer),
            *(f"{100 * share:.1f}" for share in (one.last.translations, one.last.same_meaning, one.last.same_language)),
            *(f"{value:.3f}" for value in (one.last.alignment, one.last.uniformity)),
        ]
    (compared,) = found.comparisons
    assert f"{compared.cka[-1][-1]:.3f}" in result.stdout
    page = Path("looked/inspect.html").read_text()
    assert "Inside before, after" in page
    assert page.count("<svg") == 5
    content = json.loads(Path("looked", FILE).read_text())
    assert content["inspection"]["data"] == {**content["inspection"]["data"], "path": "text.{lang}", "aligned": None}
    assert len(content["models"][0]["points"]) == 10
    assert len(content["data_fingerprint"]) == 64


@pytest.mark.slow
def test_a_file_a_language_says_the_same(polydistill, own_model, work):
    assert polydistill(f"inspect {own_model} --text en=text.en --text tr=text.tr").exit_code == 0
    files = Inspected.model_validate_json(Path("inspect", FILE).read_bytes())
    source = pd.inspect([own_model], "file:text.{lang}", ["en", "tr"])
    assert files.models == source.models
    assert not files.comparisons
    assert not Path("inspect/cka.png").exists()
    assert files.models[0].name == own_model.parent.name


@pytest.mark.slow
def test_without_rows_those_of_the_runs_are_read_each_model_in_its_own_languages(polydistill, own_model, work):
    """As for BERT-KLD: teacher and student were scored on the same rows in other pairs of languages."""
    rows = "file:rows.jsonl?aligned=true"
    pd.tune(own_model, rows, ["en-tr"], out="teacher", steps=1, batch_size=4, test=rows)
    pd.kld(own_model, "teacher", rows, "tr-en", "en-tr", out="student", steps=1, batch_size=4, test=rows)
    result = polydistill("inspect teacher student --pooling first --layers last --drawn 12")
    assert result.exit_code == 0, result.output
    found = Inspected.model_validate_json(Path("inspect", FILE).read_bytes())
    assert {one.name: one.languages for one in found.models} == {"teacher": ("en-tr",), "student": ("tr-en",)}
    assert found.inspection.task == "nli"
    assert found.rows == 12
    said = "--reads teacher=en-tr --reads student=tr-en --task nli --data 'file:rows.jsonl?aligned=true'"
    polydistill(f"inspect teacher student --pooling first --layers last --drawn 12 {said} --out said")
    assert Inspected.model_validate_json(Path("said", FILE).read_bytes()).comparisons == found.comparisons
    assert {file.name for file in Path("said").glob("*.png")} == {"models.png", "cka.png", "cka_by_layer.png"}
    assert pd.report("student", "page.html").read_text().count("<svg") == 2  # before and after, and losses
    polydistill("inspect teacher student --pooling first --layers last --drawn 12 --out student/inspect")
    page = pd.report("student", "page.html").read_text()
    assert page.count("<svg") == 5
    assert "inspected: CKA, layer by layer</h2>" in page


def test_a_loaded_model_is_looked_at_as_it_is(own_model, work):
    network = tiny_network().float()
    found = pd.inspect(
        {"loaded": Loaded(network, tiny_tokenizer()), "stored": own_model}, "file:text.{lang}", ["en", "tr"]
    )
    assert found.comparisons[0].found == 1
    assert network.training


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--data file:text.{lang} --langs en", "One model that reads one language (en)"),
        ("--data file:text.{lang}", "Name the languages to read"),
        ("", "of no run that was scored on rows of a task"),
        (f"{TEXT} --text en=text.en", "Give one of them"),
        ("--text text.en", "--text text.en: expected en=FILE"),
        ("--text en=text.en --text en=text.tr", "--text en= is given twice"),
        (f"{TEXT} --reads mine=en", "There are languages for mine, but models called"),
        (f"{TEXT} --layers top", "--layers top: expected all, last"),
        (f"{TEXT} --layers 7", "layers=7: expected all, last, or different layers from 0"),
        (f"{TEXT} --sentences 2", "sentences is 2; expected 4 to 10,000,000"),
        (f"{TEXT} --task nil", "Unknown task 'nil'. Did you mean 'nli'?"),
        ("--data world: --langs en-tr,en-fr", "name their task, such as task='nli'"),
        ("--data file:text.{lang} --langs en,sw", "no file for language 'sw'"),
    ],
)
def test_mistakes_are_one_line(polydistill, own_model, work, options, says):
    result = polydistill(f"inspect {own_model} {options}")
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert not Path("inspect").exists()


def test_models_have_to_be_told_apart(polydistill, own_model, work):
    for models in (f"{own_model} {own_model}", f"a={own_model} a={own_model}", f"a={own_model} {own_model}"):
        assert polydistill(f"inspect {models} {TEXT}").exit_code == 2
    with pytest.raises(ValueError, match="Expected a list of models"):
        pd.inspect(str(own_model), "file:text.{lang}", ["en", "tr"])
    with pytest.raises(ValueError, match="was scored on rows of the task 'nli', not of 'stars'"):
        tuned = pd.tune(
            own_model, "file:rows.jsonl", ["en"], out="tuned", steps=1, batch_size=4, test="file:rows.jsonl"
        )
        pd.inspect([tuned.folder], task="stars")


@pytest.mark.slow
def test_the_posters_figure_runs_what_is_missing_and_looks_inside(polydistill, tmp_path):
    figure = f"figure bert-kld/tsne --scale smoke --runs {tmp_path}"
    early = polydistill(f"{figure} --finished")
    assert early.exit_code == 2
    assert "needs runs that are not done: teacher, before, after" in early.stderr
    files = {kind: tmp_path / "made" / f"figure.{kind}" for kind in ("png", "json", "md")}
    result = polydistill(f"{figure} --out {files['png']} --json {files['json']} --markdown {files['md']}")
    assert result.exit_code == 0, result.output
    found = Inspected.model_validate_json(files["json"].read_bytes())
    # Spanish stands for Bulgarian
    assert [(one.name, one.languages) for one in found.models] == [
        ("teacher", ("de-tr",)),
        ("before", ("de-es",)),
        ("after", ("de-es",)),
    ]
    assert found.models[2].model == "BERT-KLD de-tr to de-es"
    assert (found.inspection.pooling, found.inspection.task) == ("first", "nli")
    assert f"{found.comparisons[1].cka[-1][-1]:.3f}" in result.stdout
    assert f"{found.comparisons[1].cka[-1][-1]:.3f}" in files["md"].read_text()
    assert files["png"].read_bytes().startswith(PNG)
    assert polydistill(f"{figure} --finished --json {files['json']}").exit_code == 0
    assert Inspected.model_validate_json(files["json"].read_bytes()) == found
    assert "draws the models of one seed" in polydistill(f"{figure} --seeds 2").stderr
    assert "bert-kld/tsne" in polydistill("list figures").stdout

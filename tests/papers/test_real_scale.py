import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from real_folders import LANGUAGES, write_data, write_models

from polydistill import api
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.papers import catalogue, real
from polydistill.papers.bert_kld import tables as bert_kld
from polydistill.papers.mmkd import real as mmkd_real
from polydistill.papers.mono import real as mono_real
from polydistill.papers.multikd import real as multikd_real
from polydistill.papers.multikd.scales import Way
from polydistill.papers.real import CHOSEN, LEARNED, TESTED, XNLI_LANGUAGES, Real
from polydistill.papers.recipe import TableRecipe
from polydistill.papers.scales import FEW
from polydistill.papers.xd import tables as xd
from polydistill.results import load_result
from polydistill.training.store import Store

SHORT = FEW.model_copy(update={"evaluate_every": 4})


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    write_models(folder / "models")
    write_data(folder / "data")
    return folder


@pytest.fixture
def here(place, tmp_path) -> Real:
    return Real(place / "models", place / "data", LANGUAGES, tmp_path / "runs")


def rows_of(recipe: TableRecipe) -> dict[str, list[str]]:
    """The rows that have runs, by block."""
    return {group.name: [row.name for row in group.rows if row.runs is not None] for group in recipe.groups}


def test_no_row_is_learned_from_and_tested_on(here):
    parts = [load_rows(one, PAIR_OF_SENTENCES, ["fr"]) for one in (here.learned(), here.chosen(), here.tested())]
    assert [part.counts["fr"] for part in parts] == [LEARNED, CHOSEN, TESTED]
    together = [row for part in parts for row in part.rows["fr"]["premise"]]
    assert together == load_rows(here.xnli(0, 2_490), PAIR_OF_SENTENCES, ["fr"]).rows["fr"]["premise"][:]


def test_the_polyglot_is_trimmed_once_to_the_languages(here, monkeypatch):
    small = here.trimmed(("en", "fr"))
    assert small.folder != here.trimmed(LANGUAGES).folder
    small.make()
    report = json.loads((small.folder / "trim.json").read_text())
    assert report["languages"] == ["en", "fr"] and report["pieces_after"] < report["pieces"]
    monkeypatch.setattr(real, "trimmed_models", None)
    small.make()


@pytest.mark.slow
def test_xd_goes_to_the_end_by_itself(here, monkeypatch):
    """The whole table: what it needs is made, labels of other languages are learned after the English ones."""

    def short(*given):
        return replace(setting(*given), tune=SHORT, distil=SHORT, max_length=16)

    setting = xd.setting
    monkeypatch.setattr(xd, "setting", short)
    asked = {"models": here.models, "data": here.data, "langs": LANGUAGES, "runs": here.root}
    table = api.table("xd/3", "real", **asked)
    (group,) = table.groups
    assert group.name == "multilingual-e5-small"
    assert {row.name: row.labels_seen for row in group.rows} == {
        "Baseline": ("en",),
        "MLT": LANGUAGES,
        "IndT": LANGUAGES,
        "XD": ("en",),
    }
    assert {row.average.seeds for row in group.rows} == {1}
    assert [claim.finding for claim in table.claims].count("not tested") == 0
    assert any("9,888 English rows" in remark for remark in table.remarks)
    assert api.table("xd/3", "real", **asked, finished=True) == table


@pytest.mark.slow
def test_bert_kld_goes_to_the_end_by_itself(here, monkeypatch):
    """Each number of labelled rows is a block; all models begin with the one that was tuned on English."""

    def short(*given):
        return {name: replace(one, training=SHORT, max_length=16) for name, one in settings(*given).items()}

    settings = bert_kld.settings
    monkeypatch.setattr(bert_kld, "settings", short)
    monkeypatch.setattr(real, "on_english", lambda: SHORT)
    table = api.table("bert-kld/1", "real", models=here.models, data=here.data, runs=here.root)
    assert [group.name for group in table.groups] == ["500 labelled rows", "999 labelled rows"]
    assert [claim.claim.group for claim in table.claims] == ["500 labelled rows", "999 labelled rows"]
    assert not [claim for claim in table.claims if claim.finding == "not tested"]
    kinds = [folder.name.partition("-")[0] for folder in Store(here.root).done()]
    assert Counter(kinds) == {"tune": 1 + 2 * 2, "bert": 2 * 4}
    assert {row.labels_seen[0] for group in table.groups for row in group.rows} == {"en"}


@pytest.mark.slow
@pytest.mark.parametrize("number", ["4", "7"])
def test_multikd_goes_to_the_end_by_itself(here, monkeypatch, number):
    """Teachers with vocabularies of their own, a student of half the blocks, with branches too; on test or dev."""
    monkeypatch.setattr(multikd_real, "_LEARNED", 20)
    monkeypatch.setattr(multikd_real, "_CHOSEN", 10)
    monkeypatch.setattr(multikd_real, "Way", lambda *_: Way(1e-3, 0.2))
    table = api.table(f"multikd/{number}", "real", models=here.models, data=here.data, langs="en,de,hi", runs=here.root)
    (group,) = table.groups
    assert {row.name: row.labels_seen for row in group.rows} == {
        "MonoKD": ("en",),
        "MultiTrain": ("en", "de"),
        "MultiKD": ("en", "de"),
        "MultiKD + MBLM": ("en", "de"),
    }
    assert all(row.cells[name].seeds == 1 for row in group.rows for name in ("en", "hi", "AVG(S)", "AVG(Z)"))
    made = {path.name.rpartition("-")[0]: path for path in (here.root / "made").iterdir()}
    assert made.keys() == {"polyglot", "polyglot-6"}
    assert json.loads((made["polyglot-6"] / "config.json").read_text())["num_hidden_layers"] == 6


def test_multikd_has_the_tables_that_one_task_can_fill(here):
    for number in ("2", "8"):
        with pytest.raises(ValueError, match=r"at the scale real, which has one task"):
            catalogue.recipe(f"multikd/{number}", "real", real=here)
    with pytest.raises(ValueError, match=r"Give a folder of data"):
        catalogue.recipe("multikd/4", "real")
    with pytest.raises(ValueError, match=r"and one that has none"):
        catalogue.recipe("multikd/4", "real", real=replace(here, languages=("en", "fr")))


@pytest.mark.slow
def test_mono_goes_to_the_end_by_itself(here, monkeypatch):
    """The polyglot first learns hidden words; its students then do all tasks, and look for translations."""
    small = {"on_english": lambda: SHORT, "_READ": 4, "_STEPS": 4, "MAX_LENGTH": 60, "_HELD_OUT": 10, "_ENTITIES": 20}
    for name, value in small.items():
        monkeypatch.setattr(mono_real, name, value)
    tuned = mono_real._exercises
    monkeypatch.setattr(
        mono_real,
        "_exercises",
        lambda *given: {name: replace(one, training=SHORT, max_length=60) for name, one in tuned(*given).items()},
    )
    asked = {"models": here.models, "data": here.data, "langs": "en,tr", "runs": here.root}
    (group,) = api.table("mono/4.10", "real", **asked).groups
    assert all(row.cells[name].seeds == 1 for row in group.rows for name in ("XNLI tr", "NER tr", "XCOPA tr"))
    (teacher,) = [load_result(folder) for folder in Store(here.root).done() if folder.name.startswith("pretrain")]
    assert teacher.selected_on == ("dev/en (perplexity, no labels)", "dev/tr (perplexity, no labels)")
    (group,) = api.table("mono/4.3", "real", **asked).groups
    assert {row.name for row in group.rows if row.cells["cosine tr-en"].seeds == 1} >= {"XLM-R base"}
    assert [panel.title for panel in api.figure("mono/4.1", "real", **asked).panels] == ["tr-en"]
    few = api.table("mono/4.5", "real", plan=True, **asked)
    assert sum(line.runs for line in few.lines if line.method == "transfer") == 5 * 2 * 3  # no rows of XCOPA to learn
    with pytest.raises(ValueError, match="name en, which has the labels"):
        api.table("mono/4.4", "real", models=here.models, data=here.data, langs="tr")


@pytest.mark.slow
def test_mmkd_goes_to_the_end_by_itself(here, monkeypatch):
    """The student first gets a head for hidden words; tables of tasks that there are no rows of are refused."""
    for name, value in (("on_english", lambda: SHORT), ("_READ", 2), ("_ALIGNED", 2), ("MAX_LENGTH", 32)):
        monkeypatch.setattr(mmkd_real, name, value)
    asked = {"models": here.models, "data": here.data, "langs": "en,de,fr", "runs": here.root}
    table = api.table("mmkd/5", "real", **asked)
    ours = {row.name: row for group in table.groups for row in group.rows if row.seeds}
    assert ours.keys() == {"mBERT*", "plain sentence distillation (ours)", "MMKD", "-XWCL", "-TLM", "-SentA", "-StrucA"}
    assert all(row.cells[name].seeds == 1 for row in ours.values() for name in ("XNLI", "retrieval"))
    assert not [column.name for column in table.columns if column.name.startswith(("PAWS-X", "XQuAD"))]
    assert api.table("mmkd/2", "real", plan=True, **asked).runs == 1 + 2 + 3  # read, aligned, tuned
    with pytest.raises(ValueError, match=r"at the scale real '4'. Known: 2, 5"):
        api.table("mmkd/4", "real", **asked)


@pytest.mark.parametrize("number", bert_kld.TABLES)
def test_bert_kld_learns_and_tests_on_other_rows(number):
    """Whoever is compared in a block learns from as many rows, for as many steps, of the same start."""
    for group in bert_kld.table(number, "real").groups:
        runs = [run for row in group.rows if row.runs is not None for run in row.runs(0).values()]
        data = runs[0].method.data
        assert all(run.method.data == data and run.training == runs[0].training for run in runs)
        assert len({run.start.run.outline for run in runs}) == 1
        assert f"{data.rows} labelled rows" == group.name
        assert all(run.selection.data.skip >= data.rows for run in runs)
        assert all(run.evaluation.data.skip == LEARNED + CHOSEN for run in runs)


@pytest.mark.parametrize("id", ["xd/2", "xd/3", "xd/4", "xd/5", "bert-kld/1", "bert-kld/3"])
def test_tables_are_planned_without_any_file(id):
    plan = api.table(id, "real", plan=True)
    model, rows = plan.downloads
    assert model == "intfloat/multilingual-e5-small" and rows.startswith("facebook/xnli")
    assert 0 < plan.hours < 24


def test_rows_of_languages_that_are_not_asked_for_are_left_out(here):
    def rows(id, *languages):
        return rows_of(catalogue.recipe(id, "real", real=replace(here, languages=languages)))

    assert rows("xd/2", "en", "tr") == {"multilingual-e5-small": ["Baseline", "IndT", "MLT", "MLT no-tr"]}
    assert rows("xd/4", "en", "tr").keys() == {"multilingual-e5-small, l2 = tr"}
    assert "MLT no-ur + XD 4-lang" in rows("xd/5", *XNLI_LANGUAGES)["multilingual-e5-small"]
    assert rows("xd/5", "en", "sw", "ur") == {
        "multilingual-e5-small": [*("MLT no-ur", "MLT no-ur + XD sw", "MLT no-ur + XD ur", "MLT no-ur + XD without ur")]
    }


def test_what_cannot_be_is_said(here):
    with pytest.raises(ValueError, match=r"name en and one more"):
        catalogue.recipe("xd/3", "real", real=replace(here, languages=("fr", "tr")))
    with pytest.raises(ValueError, match=r"Unknown language of this table 'ja'"):
        catalogue.recipe("xd/3", "real", real=replace(here, languages=("en", "ja")))
    with pytest.raises(ValueError, match=r"for the scale real, not for world"):
        api.table("xd/3", "world", models=here.models)
    with pytest.raises(ValueError, match=r"nowhere is no folder"):
        api.table("xd/3", "real", data="nowhere")
    for id in ("mmkd/5", "mono/4.4"):
        with pytest.raises(ValueError, match=r"not on the hub. Give a folder of data"):
            api.table(id, "real")

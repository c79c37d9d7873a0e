"""A fair search: the same for every system, chosen on dev by what it may see, kept, and said by the table."""

import json
from dataclasses import replace

import pytest

from polydistill.papers import catalogue
from polydistill.papers.combined import Best
from polydistill.papers.recipe import RecipeGroup, RecipeRow, TableRecipe, make_table
from polydistill.papers.scales import polyglot, pretrained
from polydistill.papers.search import RATES, WEIGHTS, candidates, changed, with_search
from polydistill.papers.xd.scales import setting
from polydistill.papers.xd.tables import Systems
from polydistill.training.run import ResultOf
from polydistill.training.store import Store

OF = Systems(replace(setting("smoke"), languages=("en", "tr")), "XLM MLM")


def recipe(*rows):
    made = [RecipeRow(name, None, lambda seed, system=system: OF.one(system(seed))) for name, system in rows]
    return TableRecipe("xd/0", "made up", [RecipeGroup("g", made)], "smoke", reference="Baseline")


def test_rates_and_the_one_weight_change_and_nothing_else():
    run = OF.baseline(0)
    half = changed(run, (0.5, 1.0), {})
    assert half.training.learning_rate == run.training.learning_rate / 2
    assert half.training.steps == run.training.steps and half.selection == run.selection
    kld = next(iter(catalogue.recipe("bert-kld/3", "smoke").groups[0].rows[1].runs(0).values()))
    assert changed(kld, (1.0, 3.0), {}).method.weight == pytest.approx(3 * kld.method.weight)


def test_a_system_without_labels_is_chosen_by_agreement():
    selection = changed(OF.xd(0), (1.0, 1.0), {}).selection
    assert (selection.measure, selection.data.split, set(selection.languages)) == ("agreement", "dev", {"en", "tr"})


def test_what_starts_from_a_system_starts_from_what_was_chosen_for_it():
    run = changed(OF.xd(1), (2.0, 1.0), {"Baseline": (0.5, 1.0)})
    assert isinstance(run.start, ResultOf)
    assert run.start.run.training.learning_rate == OF.baseline(1).training.learning_rate / 2
    assert run.start.run.seed == 1


@pytest.mark.slow
def test_the_search_is_done_kept_and_said(tmp_path):
    store = Store(tmp_path)
    made = recipe(("Baseline", OF.baseline), ("XD", OF.xd))
    table = make_table(found := with_search(made, store), [0], store)
    kept = json.loads((tmp_path / "searches" / "xd-0.json").read_text())
    assert [row["row"] for row in kept["rows"]] == ["Baseline", "XD"]
    assert [row["chosen_by"] for row in kept["rows"]] == ["accuracy", "agreement"]
    assert all([one["rate"] for one in row["tried"]] == list(RATES) for row in kept["rows"])
    (remark,) = table.remarks
    assert remark.startswith("Each system had the same search") and "XD" in remark
    best = max(kept["rows"][0]["tried"], key=lambda one: one["score"])
    baseline = found.groups[0].rows[0].runs(0)["en"]
    assert baseline.training.learning_rate == pytest.approx(best["rate"] * OF.baseline(0).training.learning_rate)
    assert store.folder(baseline).name in best["runs"]


def test_a_plan_counts_what_a_search_would_do():
    made = catalogue.recipe("bert-kld/1", "smoke")
    rows = sum(row.runs is not None for group in made.groups for row in group.rows)
    assert len(candidates(made)) >= rows * len(RATES)
    assert catalogue.plan("xd/3", "smoke", search=True).runs > catalogue.plan("xd/3", "smoke").runs
    assert len(WEIGHTS) == 3


def test_what_is_no_training_has_nothing_to_try():
    made = RecipeRow("two", None, lambda seed: {"en": Best((OF.baseline(seed),), OF.baseline(seed).selection)})
    with pytest.raises(ValueError, match="'two' is no training of its own"):
        candidates(TableRecipe("xd/0", "t", [RecipeGroup("g", [made])], "smoke"))
    mini = polyglot("smoke")
    with pytest.raises(ValueError, match="Nothing chooses"):
        changed(pretrained(mini, ("en",), "XLM MLM", 0), (1.0, 1.0), {})

"""The paper's tables as runs: every row has its run, what rows share is done once, and nothing is trained twice."""

import numpy as np
import pytest
from rich.console import Console
from transformers import AutoModelForSequenceClassification

from polydistill import api
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers import catalogue
from polydistill.papers.combined import Best, Together, runs_of
from polydistill.papers.multikd.scales import setting
from polydistill.papers.multikd.tables import TABLES, Systems, table
from polydistill.papers.plan import with_starts
from polydistill.papers.published import published_table
from polydistill.papers.scales import encoder
from polydistill.results import Score
from polydistill.training.execute import execute
from polydistill.training.run import Branched
from polydistill.training.store import Store
from tiers import first_quick

QUIET = Console(quiet=True)
WORLD = ("en", "fr", "tr", "de", "es", "sw")
NOT_OURS = {"K = 6", "K = 8", "K = 10", "K = 12"}  # other rows, or deeper than the smallest encoder
SMOKE = Systems(setting("smoke"), setting("smoke").students["mBERT-based model"])


def made_of(number, scale="smoke", **options):
    recipe = table(number, scale, **options)
    return {row.name: row.runs(0) for group in recipe.groups for row in group.rows if row.runs is not None}


@first_quick("number", TABLES)
def test_every_row_has_runs_for_every_language(number):
    recipe = table(number, "smoke")
    assert len(recipe.groups) == 1
    for row in recipe.groups[0].rows:
        if row.runs is None:
            assert row.name in NOT_OURS
            continue
        made = row.runs(0)
        assert tuple(made) == (WORLD[:3] if number == "2" else WORLD)
        for run in {run.identity: run for one in made.values() for run in runs_of(one)}.values():
            assert all(code in ("en", "fr", "tr") for code in run.labels_seen)
            assert set(run.selected_on) <= {"dev/en", "dev/fr", "dev/tr"}
    assert catalogue.recipe(f"multikd/{number}", "smoke").id == f"multikd/{number}"


def test_the_systems_of_table_3():
    made = {name: runs["en"] for name, runs in made_of("3").items()}
    assert {name: type(run.method) for name, run in made.items()} == {
        "MonoKD": MultiKDSpec,
        "MultiTrain": TuneSpec,
        "MultiKD": MultiKDSpec,
        "MultiKD + MBLM": MultiKDSpec,
    }
    assert made["MonoKD"].method.languages == ("en",)
    assert made["MonoKD"].labels_seen == ("en",)
    assert {name for name, run in made.items() if isinstance(run.start, Branched)} == {"MultiKD + MBLM"}
    assert made["MultiKD + MBLM"].start.of == made["MultiKD"].start
    assert made["MultiKD"].teachers == made["MultiKD + MBLM"].teachers
    mono = with_starts([made["MonoKD"]])
    shared = [run.identity for run in with_starts([made["MultiKD"]])]
    assert [run.name for run in mono if run.identity not in shared] == ["MonoKD"]


def test_the_ablations_of_table_5():
    (found,) = table("5", "world").groups
    layouts = {}
    for row in found.rows:
        (run,) = runs_of(row.runs(0)["en"])
        layouts[row.name] = run.start.branches if isinstance(run.start, Branched) else None
    assert layouts.pop("mBERT") is None
    assert {(layout.languages, layout.blocks) for layout in layouts.values()} == {(("en", "fr", "tr"), 2)}
    assert {
        name: layout.model_dump(exclude_defaults=True, exclude={"languages", "blocks"})
        for name, layout in layouts.items()
    } == {
        "+ MBLM": {},
        "- inner-mixers": {"mixers": "outer"},
        "- all mixers (single)": {"mixers": "none", "supervised_route": "own"},
        "- all mixers (all)": {"mixers": "none"},
        "- detaching": {"detach": False},
        "+ branches at the top": {"place": "top"},
        "+ multi-classifier": {"place": "top", "heads": "own"},
    }


def test_figure_5_is_trained_on_labels():
    made = {name: runs_of(runs["en"])[0] for name, runs in made_of("figure5", "world").items()}
    assert {
        name: run.start.branches.blocks if isinstance(run.start, Branched) else 0 for name, run in made.items()
    } == {
        "K = 0": 0,
        "K = 2": 1,
        "K = 4": 2,
        "K = 8": 3,
        "K = 12": 4,
    }
    assert {run.method.kind for run in made.values()} == {"tune"}


def test_the_paper_scale_says_what_the_paper_says():
    where = setting("paper")
    groups = {group.name: group for group in table("3", "paper").groups}
    assert len(groups) == 2
    for group in groups.values():
        run = next(row for row in group.rows if row.name == "MultiKD + MBLM").runs(0)["en"]
        assert (run.method.temperature, run.method.scaling, run.method.max_length) == (8.0, "cross_entropy", 128)
        assert run.training.batch_size == 32
        assert run.start.branches.blocks == 4
        assert {code: start.run.start.name for code, start in run.teachers.items()} == {
            "en": "FacebookAI/roberta-large",
            "fr": "almanach/camembert-large",
            "zh": "hfl/chinese-roberta-wwm-ext-large",
        }
    assert {(way.learning_rate, way.epochs) for way in where.ways} == {
        (rate, epochs) for rate in (1e-5, 2e-5, 3e-5) for epochs in (2, 3, 5, 7, 10)
    }
    assert where.languages == published_table("multikd/3").average_over


def test_what_chooses_is_a_choice():
    default, papers = (made_of("3", select=select)["MultiKD"]["en"] for select in ("supervised", "all"))
    assert default.selection.languages == ("en", "fr", "tr")
    assert papers.selection.languages == WORLD
    assert "selected on dev of all languages" in table("3", "smoke", select="all").setting


@pytest.mark.parametrize(("number", "metric"), [("4", None), ("8", "mae")])
def test_stars_are_learned_by_who_has_read_reviews(number, metric):
    recipe = table(number, "world")
    assert {column.metric for column in recipe.layout.columns if column.language} == {metric}
    made = {row.name: row.runs(0)["en"] for row in recipe.groups[0].rows}
    assert {run.method.task for run in made.values()} == {"stars"}
    readers = [run for run in with_starts(made.values()) if run.method.kind == "pretrain"]
    assert len(readers) == 4  # the student's, and a teacher's for each supervised language
    assert all(run.method.data.opinions for run in readers)


def test_the_paper_rates_stars_in_six_languages():
    where = setting("paper", "stars")
    assert where.languages == published_table("multikd/4").average_over
    assert (where.rows, where.train.path) == (200_000, "data/marc/train.{lang}.jsonl")


def test_the_teachers_of_table_2_have_a_row_a_task():
    made = {row.name: row.runs(0)["fr"] for row in table("2", "smoke").groups[0].rows}
    assert {name: run.method.task for name, run in made.items()} == {"XNLI": "nli", "MARC": "stars"}


def test_the_student_begins_as_the_polyglot_of_the_xd_tables():
    run = made_of("3", "world")["MultiTrain"]["en"]
    assert run.start == encoder("world", "XLM MLM+TLM", 0)


def test_no_number_of_another_language_stands_beside_ours():
    recipe = table("3", "world")
    row = recipe.groups[0].rows[0].published
    assert "tr" not in row.scores  # zero-shot in the paper, supervised here
    assert row.scores["de"] == 72.44
    columns = {column.name: column for column in recipe.layout.columns}
    assert columns["AVG(S)"].over == ("en", "fr", "tr")
    assert (columns["AVG(Z)"].over, columns["AVG(Z)"].published_over) == (("de", "es", "sw"), 12)


@pytest.mark.parametrize(
    ("number", "scale", "options", "said"),
    [
        ("9", "smoke", {}, "Unknown table of multikd '9'"),
        ("3", "quick", {}, "Unknown scale of the MultiKD recipes 'quick'"),
        ("6", "smoke", {"search": True}, "The two models of an ensemble are not searched for"),
    ],
)
def test_what_cannot_be_made_is_said(number, scale, options, said):
    with pytest.raises(ValueError, match=said):
        table(number, scale, **options).runs([0])


def test_options_are_those_of_these_tables():
    with pytest.raises(ValueError, match="select is an option of the multikd tables; xd/3 has none"):
        catalogue.recipe("xd/3", "smoke", select="all")


# Without training


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two models of the same kind, trained."""
    store = Store(tmp_path_factory.mktemp("runs"))
    for seed in (0, 1):
        execute(trained(seed), store, QUIET)
    return store


def trained(seed):
    return SMOKE.tuned(seed, SMOKE.where.way)


def logits(store, run, code):
    """What a model says of the dev rows, asked for plainly."""
    folder = store.folder(run) / "model"
    loaded = api.load(folder)
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = load_rows(SMOKE.where.dev, PAIR_OF_SENTENCES, (code,)).rows[code]
    inputs = loaded.tokenizer(list(rows["premise"]), list(rows["hypothesis"]), padding=True, return_tensors="pt")
    return network(**inputs).logits.detach().double().numpy(), np.array(rows["label"])


@pytest.mark.slow
def test_two_models_answer_by_the_mean_of_their_logits(store):
    runs = (trained(0), trained(1))
    found = Together(runs, SMOKE.on_dev()).result(store, QUIET)
    for score in found.scores:
        (first, gold), (second, _) = (logits(store, run, score.language) for run in runs)
        right = ((first + second) / 2).argmax(-1) == gold
        assert score.hits == "".join(str(int(one)) for one in right)
        assert score.split == "dev"
    assert found.run_id == "+".join(run.identity for run in runs)
    assert found.seconds == sum(store.result(run).seconds for run in runs)


@pytest.mark.slow
def test_one_model_on_other_rows(store):
    found = Together((trained(0),), SMOKE.on_dev(("de",))).result(store, QUIET)
    (score,) = found.scores
    said, gold = logits(store, trained(0), "de")
    assert score.value == pytest.approx(np.mean(said.argmax(-1) == gold))
    assert found.run_id == trained(0).identity


def test_it_is_found_again_and_changes_with_its_rows(store, monkeypatch):
    together = Together((trained(0),), SMOKE.on_dev(("fr",)))
    first = together.result(store, QUIET)
    monkeypatch.setattr("polydistill.papers.combined.judge", None)
    assert together.result(store, QUIET) == first
    others = {together.identity, Together((trained(1),), SMOKE.on_dev(("fr",))).identity}
    assert len({*others, Together((trained(0),), SMOKE.on_dev(("de",))).identity}) == 3
    assert not [folder for folder in store.done() if "together" in folder.parts]  # no run of its own


def test_a_search_takes_the_best_on_dev(store):
    runs = (trained(0), trained(1))
    means = [
        np.mean([score.value for score in Together((run,), SMOKE.on_dev(("en",))).result(store, QUIET).scores])
        for run in runs
    ]
    best = runs[int(np.argmax(means))]
    found = Best(runs, SMOKE.on_dev(("en",))).result(store, QUIET)
    assert found.run_id == best.identity
    assert found.scores == store.result(best).scores  # on test
    assert "dev/en" in found.selected_on
    again = Best(runs, SMOKE.on_dev(("en",)), SMOKE.on_dev(("de",))).result(store, QUIET)
    assert {score.split for score in again.scores} == {"dev"}


def test_of_raters_the_most_accurate_is_best(store, monkeypatch):
    """Not the one with the largest error, though errors stand among the scores."""
    real = store.result(trained(0))

    def rated(together, *_):
        accuracy, error = (0.9, 0.2) if together.runs == (trained(1),) else (0.3, 2.0)
        scores = tuple(Score(language="en", metric=name, value=value, examples=10) for name, value in
                       (("accuracy", accuracy), ("mae", error)))  # fmt: skip
        return real.model_copy(update={"scores": scores})

    monkeypatch.setattr(Together, "result", rated)
    on_dev = SMOKE.on_dev(("en",)).model_copy(update={"task": "stars"})
    assert Best((trained(0), trained(1)), on_dev).result(store, QUIET).run_id == trained(1).identity


def test_two_models_of_one_encoder_and_the_same_teachers():
    one, other = runs_of(made_of("6", "world")["Ens_2"]["en"])
    assert (one.start, one.teachers, one.method) == (other.start, other.teachers, other.method)
    assert one.seed != other.seed and one.identity != other.identity


def test_teachers_are_searched_for_too():
    made = made_of("2", "world", search=True)["XNLI"]["fr"]
    assert isinstance(made, Best)
    assert made.chosen_on.languages == ("fr",)
    assert {run.training.learning_rate for run in made.of} == {2.5e-4, 5e-4, 1e-3}


def test_a_search_tries_all_ways():
    made = made_of("3", "world", search=True)["MultiKD"]["en"]
    assert isinstance(made, Best)
    assert len({run.identity for run in made.of}) == len(made.of) == 9
    assert made_of("3", "world")["MultiKD"]["en"] in made.of
    assert "best of 9 learning rates and epochs" in table("3", "world", search=True).setting


def test_students_of_different_tokenizers_cannot_answer_together(store):
    other = SMOKE.teacher("en", 0)
    execute(other, store, QUIET)
    with pytest.raises(ValueError, match="read with different tokenizers"):
        Together((trained(0), other), SMOKE.on_dev(("en",))).result(store, QUIET)


def test_tables_of_finished_runs_only(tmp_path):
    made = api.table("multikd/6", "smoke", runs=tmp_path, finished=True)
    assert all(row.average.mean is None for group in made.groups for row in group.rows)


@pytest.mark.slow
@pytest.mark.parametrize("number", TABLES)
def test_the_tables_end_to_end(number, tmp_path):
    made = api.table(f"multikd/{number}", "smoke", runs=tmp_path)
    ours = [row for row in made.groups[0].rows if row.name not in NOT_OURS]
    assert ours and all(row.average.mean is not None for row in ours)

"""Claims of a paper held against made-up results: every verdict, over seeds and over one seed."""

import numpy as np
import pytest
from rendered import to_text

from polydistill.papers.claims import Claim
from polydistill.papers.columns import Column
from polydistill.papers.published import Layout, PublishedRow
from polydistill.papers.rendering import to_markdown
from polydistill.papers.table import Entry, EntryGroup, Table, build_table
from polydistill.papers.wording import claim_text
from polydistill.reports.significance import holm, mcnemar, paired_t

ROWS = ("Teacher", "MonoShot", "Uniform", "Top")


def claim(better, than, **options):
    return Claim(better=better, than=than, quote=f"{better[0]} is better.", section="4.3.3", **options)


@pytest.fixture
def judged(make_run):
    """The claims of a table of four rows whose right answers of 100 are given by seed."""

    def judge(claims, right, seeds=3, tasks=("",)):
        columns = [
            Column(name=f"{task} {code}".strip(), language=code, task=task) for task in tasks for code in ("tr", "sw")
        ]
        layout = Layout(columns=tuple(columns), average_over=tuple(one.name for one in columns), claims=claims)
        entries = [Entry(name, runs(name, right, seeds, tasks)) for name in ROWS]
        return build_table("t/1", "t", [EntryGroup("g", entries)], layout=layout).claims

    def runs(name, right, seeds, tasks):
        made = [make_run(name, dict.fromkeys(("tr", "sw"), right[name][seed]), seed) for seed in range(seeds)]
        return dict.fromkeys(tasks, made)

    return judge


BEST = {"Teacher": (80, 83, 82), "MonoShot": (70, 72, 71), "Uniform": (50, 51, 53), "Top": (40, 43, 38)}


def test_each_verdict_over_seeds(judged):
    right = {**BEST, "Teacher": (71, 70, 73)}
    claims = (
        claim(("MonoShot",), ("Uniform", "Top")),
        claim(("Teacher",), ("MonoShot",)),
        claim(("MonoShot",), ("Teacher",)),
        claim(("Uniform",), ("MonoShot",)),
    )
    found = judged(claims, right)
    assert [one.finding for one in found] == ["reproduced", "within noise", "within noise", "not reproduced"]
    raw = [
        max((paired_t(right["MonoShot"], right[name]) for name in ("Uniform", "Top")), key=lambda one: one.p),
        paired_t(right["Teacher"], right["MonoShot"]),
        paired_t(right["MonoShot"], right["Teacher"]),
        paired_t(right["Uniform"], right["MonoShot"]),
    ]
    assert [one.comparison.p for one in found] == pytest.approx(holm([one.p for one in raw]))
    assert found[0].comparison.difference == pytest.approx(raw[0].difference)
    assert found[0].seeds == 3


def test_the_weakest_pair_decides_for_a_claim_and_any_pair_against_it(judged):
    weak = {"MonoShot": (70, 72, 71), "Uniform": (69, 73, 68), "Top": (40, 43, 38), "Teacher": (90, 93, 92)}
    (found,) = judged((claim(("MonoShot",), ("Uniform", "Top")),), weak)
    assert (found.finding, found.decided_by.than) == ("within noise", "Uniform")
    assert found.comparison.p == pytest.approx(paired_t(weak["MonoShot"], weak["Uniform"]).p)

    (found,) = judged((claim(("MonoShot",), ("Uniform", "Teacher")),), weak)
    assert (found.finding, found.decided_by.than) == ("not reproduced", "Teacher")
    # ... with Bonferroni's correction, as either pair could have spoken against the claim.
    assert found.comparison.p == pytest.approx(2 * paired_t(weak["MonoShot"], weak["Teacher"]).p)


def test_one_seed_is_compared_over_rows(judged, make_run):
    (found,) = judged((claim(("MonoShot",), ("Uniform",), on=("tr",)),), BEST, seeds=1)
    hits = [
        make_run(name, {"tr": BEST[name][0], "sw": BEST[name][0]}).by_language()["tr"].correct for name in ROWS[1:3]
    ]
    assert found.comparison.p == pytest.approx(mcnemar(*hits))
    assert (found.finding, found.seeds) == ("reproduced", 1)
    assert "one seed only" in claim_text(found, ROWS)


def test_one_seed_that_cannot_be_compared_row_by_row_is_not_tested(make_run):
    """The mean of two tasks that have different numbers of rows; with two seeds it can be tested."""
    columns = (Column(name="A tr", language="tr", task="A"), Column(name="B tr", language="tr", task="B"))
    layout = Layout(columns=columns, average_over=("A tr", "B tr"), claims=(claim(("x",), ("y",)),))

    def runs(name, right, seed):
        whole = make_run(name, {"tr": right}, seed)
        hits = whole.scores[0].hits[:50]
        half = whole.scores[0].model_copy(update={"hits": hits, "examples": 50, "value": hits.count("1") / 50})
        return {"A": [whole], "B": [whole.model_copy(update={"scores": (half,)})]}

    def found(seeds):
        parts = [{name: runs(name, right, seed) for name, right in (("x", 90), ("y", 20))} for seed in range(seeds)]
        entries = [Entry(name, {task: [part[name][task][0] for part in parts] for task in "AB"}) for name in "xy"]
        return build_table("t/1", "t", [EntryGroup("g", entries)], layout=layout).claims[0]

    assert (found(1).finding, found(1).because) == (
        "not tested",
        "one seed only, and its scores cannot be compared row by row",
    )
    assert found(2).comparison is not None


def test_missing_runs_and_other_rows_are_said(make_run):
    layout = Layout(columns=("tr",), average_over=("tr",), claims=(claim(("x",), ("y",)), claim(("x",), ("z",))))

    def found(*entries):
        return [one.because for one in build_table("t/1", "t", [EntryGroup("g", entries)], layout=layout).claims]

    ours = [make_run("x", {"tr": 90}, seed) for seed in (0, 1)]
    other = [make_run("y", {"tr": 80}, seed, data_fingerprint="other") for seed in (0, 1)]
    assert found(Entry("x", ours), Entry("y", other)) == [
        "the two were not scored on the same rows",
        "runs are missing",
    ]
    assert found(Entry("x", ours), Entry("y", ()))[0] == "runs are missing"


def test_a_claim_may_compare_two_columns(judged, make_run):
    """Such as BERTScore with cosine of one row."""
    bert, cosine = (Column(name=name, language="tr", metric=name) for name in ("bert", "cosine"))
    layout = Layout(columns=(bert, cosine), claims=(claim(("x",), ("x",), on=("bert",), than_on=("cosine",)),))

    def run(seed):
        made = [make_run(name, {"tr": right}, seed) for name, right in (("bert", 80 + seed), ("cosine", 40 + 2 * seed))]
        scores = tuple(one.scores[0].model_copy(update={"metric": one.name}) for one in made)
        return made[0].model_copy(update={"scores": scores})

    published = PublishedRow(name="x", labels_seen=(), scores={"bert": 30.0, "cosine": 28.5})
    entry = Entry("x", [run(seed) for seed in range(4)], published)
    table = build_table("t/1", "t", [EntryGroup("g", [entry])], layout=layout)
    (found,) = table.claims
    assert found.finding == "reproduced"
    assert found.comparison.difference == pytest.approx(40 - 1.5)
    assert found.printed == (1.5, 1.5)
    text = claim_text(found, ["x"])
    assert text.startswith("Claim reproduced: x in bert above x in cosine (paper: +1.5). Ours: +38.5 [")
    assert "against x in cosine, p" in text


def test_claims_stand_below_the_table_in_every_form(make_run):
    rows = [PublishedRow(name=name, labels_seen=("en",), scores={}, average=60.0 + at) for at, name in enumerate(ROWS)]
    runs = {name: [make_run(name, {"tr": count}, seed) for seed, count in enumerate(BEST[name])] for name in ROWS}
    entries = [Entry(row.name, runs[row.name], row) for row in rows]
    said = (claim(("Teacher",), ROWS[1:], on=("average", "tr")), claim(ROWS[1:], ("Teacher",)))
    layout = Layout(columns=("tr",), average_over=("tr",), claims=said, remarks=("A remark.",))
    table = build_table("t/1", "t", [EntryGroup("g", entries)], layout=layout)
    assert Table.model_validate_json(table.model_dump_json(indent=2)) == table
    lines = to_markdown(table).splitlines()
    assert "- A remark." in lines
    assert lines[-3].startswith("- Claims of the paper")
    assert lines[-2].startswith(
        "- Claim reproduced: Teacher above MonoShot, Uniform, Top in the average, tr (paper: -3.0 to -1.0)."
    )
    assert "Ours in the average: +41.3 [+35.6, +47.1] against Top, p = 0.002, " in lines[-2]
    assert lines[-2].endswith("3 seeds. Section 4.3.3: “Teacher is better.”")
    assert lines[-1].startswith(
        "- Claim not reproduced: MonoShot, Uniform, Top above Teacher in the average (paper: +1.0"
    )
    assert "Ours Uniform: -30.3 [" in lines[-1]
    assert " ".join(to_text(table).split()).count("Claim ") == 2


def test_all_rows_but_one_are_named_in_short():
    every = ("a", "b", "c", "d", "e")
    found = build_table(
        "t/1",
        "t",
        [
            EntryGroup(
                "g", [Entry(name, (), PublishedRow(name=name, labels_seen=(), scores={"tr": 1.0})) for name in every]
            )
        ],
        layout=Layout(columns=("tr",), claims=(claim(("a",), every[1:], on=("tr",)),)),
    )
    assert claim_text(found.claims[0], every).startswith(
        "Claim not tested: a above every other row in tr (paper: +0.0). Why: runs are missing. Section 4.3.3"
    )


def test_without_claims_and_remarks_the_json_says_nothing_of_them(make_run):
    table = build_table("t/1", "t", [EntryGroup("g", [Entry("x", [make_run("x", {"tr": 90})])])])
    assert not {"claims", "remarks", "columns"} & table.model_dump().keys()
    assert np.array_equal(table.model_dump()["languages"], ("tr",))

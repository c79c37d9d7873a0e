"""Every kind of page that the toolkit writes, made in seconds from data that no model had to say."""

import json
from pathlib import Path

import numpy as np
from test_report_inspection import inspected, model

from polydistill.data.rows.sources import WorldSource
from polydistill.inspection.inspection import FILE, FOLDER
from polydistill.jobs.compare import compare
from polydistill.jobs.report import report
from polydistill.methods.tuning import TuneSpec
from polydistill.papers.jobs import claims
from polydistill.papers.page import of_claims, of_figure, of_table
from polydistill.papers.table import Table
from polydistill.reports import inspection, pareto
from polydistill.reports.figures import Figure, Line, Panel, Point
from polydistill.reports.page import write_page
from polydistill.results import RUN_FILE, RunResult, Score, error_score, save_result, score_of
from polydistill.starts.origins import Pretrained
from polydistill.training.predictions import PREDICTIONS, Predictions, Said, Seen
from polydistill.training.run import Run
from polydistill.training.settings import Training
from polydistill.training.store import LOG
from polydistill.whole import write_text

RESULTS = Path(__file__).parents[2] / "docs" / "results"
LANGUAGES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")
LABELS = ("entailment", "neutral", "contradiction")
EVIL = "</script><script>alert(1)</script> <img src=x> & \" '"
TEXTS = {
    "ar": "كل امرأة تتوقف في المطبخ.",
    "ur": "ہر عورت باورچی خانے میں رک رہی ہے۔",
    "zh": "每个女人都停在厨房里。",
    "de": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
    "en": EVIL,
}
MANY = tuple(f"{what}_{whose}" for what in ("transfer", "block", "report", "change", "close") for whose in "abcdef")
RECORD = {"data_fingerprint": "", "model_fingerprint": "", "seconds": 231.4, "memory": 1_400_000_000, "machine": "x86"}


def _answers(shares: tuple[float, float], labels: tuple[str, ...], rows: int, code: str, seed: int) -> tuple[Seen, ...]:
    """So many rows, of which these shares are right before and after."""
    chance = np.random.default_rng([seed, *code.encode()])
    seen = []
    for row in range(rows):
        gold = labels[chance.integers(len(labels))]
        said = []
        for share in shares:
            answer = gold if chance.random() < share else labels[chance.integers(len(labels))]
            said.append(Said(answer=answer, share=round(float(chance.uniform(0.35, 1)), 4), right=answer == gold))
        texts = (TEXTS.get(code, "A plain sentence."), f"Row {row} of {code}, {'needle' if row == 7 else 'hay'}.")
        seen.append(Seen(row=row, texts=texts, gold=gold, before=said[0], after=said[1]))
    return tuple(seen)


def run_folder(
    folder: Path, name: str = "xd", seed: int = 0, shares: tuple[float, float] = (0.45, 0.75),
    labels: tuple[str, ...] = LABELS, languages: tuple[str, ...] = LANGUAGES, rows: int = 40,
) -> Path:  # fmt: skip
    """The folder of a run that is done, as `execute` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    data = WorldSource(rows=9)
    run = Run(
        name=name, method=TuneSpec(languages=("en",), data=data), start=Pretrained(name="tuned"),
        training=Training(steps=300), seed=seed,
    )  # fmt: skip
    write_text(folder / RUN_FILE, run.model_dump_json())
    by_language = {code: (shares[0] + 0.02 * at, shares[1] + 0.01 * at) for at, code in enumerate(languages)}
    seen = {code: _answers(each, labels, rows, code, seed) for code, each in by_language.items()}
    kept = Predictions(
        columns=("premise", "hypothesis"), labels=labels, data_fingerprint="rows",
        of=dict.fromkeys(languages, rows + 5), rows=seen,
    )  # fmt: skip
    write_text(folder / PREDICTIONS, kept.model_dump_json())
    write_text(folder / "answers.json", json.dumps({"tr": {"yes": 0.25, "no": 0.75}, "sw, text alone": {"yes": 1.0}}))
    lines = [
        {"step": 30 * at, "xd": 2.0 / at, "eval_score": at / 11, **{f"eval_accuracy_{code}": at / 12 for code in by}}
        for by in [languages]
        for at in range(1, 11)
    ]
    write_text(folder / LOG, json.dumps(lines))
    scores = [
        score_of(code, np.array([bool(one.after.right) for one in some]), data_fingerprint="rows")
        for code, some in seen.items()
    ]
    result = RunResult(
        run_id=f"{name}-{seed}", name=name, seed=seed, scores=tuple(scores), labels_seen=("en",),
        selected_on=("dev/en",), versions={"polydistill": "0.2.0", "torch": "2.13.0", "transformers": "5.23.0"},
        command=f"polydistill run {name}.json --set training.steps=300 --out {name}", **RECORD,
    )  # fmt: skip
    save_result(folder, result)
    return folder


def _numbers_folder(folder: Path) -> Path:
    """The run of a task whose answers are numbers, which are neither right nor wrong; its start had no head."""
    run_folder(folder, "stars", languages=("en", "tr"))
    off = {code: np.arange(30) % 4 for code in ("en", "tr")}
    rows = {
        code: tuple(
            Seen(row=at, texts=("A room.",), gold="2.000", after=Said(answer=f"{2 + one:.3f}", off=float(one)))
            for at, one in enumerate(each)
        )
        for code, each in off.items()
    }
    kept = Predictions(columns=("text",), data_fingerprint="", of={"en": 30, "tr": 30}, rows=rows)
    write_text(folder / PREDICTIONS, kept.model_dump_json())
    both = [Score(language=code, metric="spearman", value=0.7 - 0.9 * (code == "tr"), examples=30) for code in off]
    result = RunResult(
        run_id="stars", name="stars", seed=0, scores=(*(error_score(*one) for one in off.items()), *both),
        labels_seen=(), selected_on=(), versions={}, **RECORD,
    )  # fmt: skip
    save_result(folder, result)
    return folder


def example_pages(root: Path) -> dict[str, Path]:
    """A page of each kind, and some of what is hard to show."""
    before = run_folder(root / "before", "before", shares=(0.3, 0.45))
    after = run_folder(root / "after", "after")
    many = run_folder(root / "many", "many", labels=MANY, languages=("en", "tr"))
    (after / FOLDER).mkdir(exist_ok=True)
    write_text(after / FOLDER / FILE, inspected().model_dump_json())
    seeds = [run_folder(root / "runs" / f"{name}-{seed}", name, seed, rows=9) for name in "ab" for seed in (0, 1)]
    pages = {
        "run": report(after, after / "report.html"),
        "run of numbers": report(_numbers_folder(root / "numbers"), root / "numbers.html"),
        "run of many labels": report(many, root / "many.html"),
        "runs": report(seeds[0].parent, root / "runs.html"),
        "compare": root / "compare.html",
        "inspect": inspection.write(inspected(), root / "inspect"),
        "inspect three": inspection.write(three(), root / "three"),
        "small": write_page(root / "small.html", "Small models of e5", pareto.sections(shrunk())),
    }
    compare({"before": before, "after": after}, out=pages["compare"])
    table = Table.model_validate_json((RESULTS / "xd-3.json").read_bytes())
    pages["table"] = write_page(root / "table.html", table.title, of_table(table))
    pages["claims"] = write_page(root / "claims.html", "Claims", of_claims(claims(RESULTS)))
    points = tuple(Point(x=x, mean=10.0 * x, spread=2.0) for x in range(1, 7))
    panels = tuple(Panel(title=code, lines=(Line(name="MonoShot", points=points),)) for code in ("tr", "sw"))
    figure = Figure(id="f/1", title="By layer", setting="world", seeds=(0, 1), x="layer", y="accuracy", panels=panels)
    pages["figure"] = write_page(root / "figure.html", figure.title, of_figure(figure))
    return pages


def three():
    """An inspection of three models with as many layers as real ones have."""
    layers = tuple(np.linspace(0.1, 0.9, 13))
    names = ("the large multilingual teacher", "a student", "another student")
    models = tuple(model(name, layers, languages=LANGUAGES[:6]) for name in names)
    (one,) = inspected().comparisons
    cka = tuple(tuple(abs(a - b) for b in layers) for a in layers)
    numbers = tuple(range(1, 14))
    beside = {"first": names[0], "first_layers": numbers, "other_layers": numbers, "cka": cka}
    comparisons = tuple(one.model_copy(update={**beside, "other": name}) for name in names[1:])
    return inspected(models=models, comparisons=comparisons)


def shrunk() -> pareto.Shrunk:
    """Small models beside their large one."""
    sizes = {"the large one": (118, 0.93, 80.0), "3-blocks-19000-pieces": (13.2, 0.82, 310.0),
             "4-blocks-14000-pieces": (14.1, 0.88, 240.0), "6-blocks-9000-pieces": (14.6, 0.86, 160.0)}  # fmt: skip
    points = tuple(
        pareto.Point(
            name=name, folder=f"{name}/int8", blocks=int(name[0]) if name[0].isdigit() else 12, pieces=19_000,
            size=int(1e6 * size), rows_a_second=speed, latency=1 / speed, agreement=score,
            scores={code: score - 0.01 * at for at, code in enumerate(LANGUAGES[:5])},
        )
        for name, (size, score, speed) in sizes.items()
    )  # fmt: skip
    return pareto.Shrunk(
        model="intfloat/multilingual-e5-small", measure="Retrieval of translations", budget=15_000_000, points=points,
        left_out=("8 blocks are larger than the budget.",), page="small.html",
    )  # fmt: skip

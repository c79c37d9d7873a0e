"""The card of an exported model, its `README.md`: what it is, how it is used, where it comes from, what it scores.

Nothing is invented: what the run's folder does not say is said not to be recorded.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from polydistill.data.rows.sources import Source, WorldSource
from polydistill.errors import printable
from polydistill.exports.provenance import Provenance, base_models, data, is_portable, method_of, origin
from polydistill.exports.usage import usage
from polydistill.exports.wanted import Record
from polydistill.manifest import list_again
from polydistill.results import LOWER_IS_BETTER, LabelsSeen, RunResult, Score
from polydistill.tasks import task_of
from polydistill.training.run import Run
from polydistill.whole import write_text

FILE = "README.md"
UNKNOWN = "not recorded"
_SPEED = re.compile(r"(?<= Speed: ).*(?=\.\n)")
_AGAIN, _RULED = "## To make it again", "## On tasks of mteb"
_JUDGED = re.compile(f"{_RULED}\n.*?(?={_AGAIN})", re.DOTALL)
_KINDS: dict[str, tuple[str, str]] = {
    "nli": ("classifier of sentence pairs", "text-classification"),
    "paraphrase": ("judge of paraphrases", "text-classification"),
    "stars": ("rater of reviews", "text-classification"),
    "ner": ("tagger of named entities", "token-classification"),
    "text": ("classifier of texts", "text-classification"),
    "pair": ("classifier of pairs of texts", "text-classification"),
    "tags": ("tagger of words", "token-classification"),
    "choice": ("chooser of answers", "multiple-choice"),
    "qa": ("finder of answers", "question-answering"),
}
"""By task, what a model of it is, and what the hub calls the task."""


@dataclass(frozen=True)
class Licences:
    """What is said of licences: the model's, as the hub names it (such as apache-2.0), and that of its data."""

    model: str | None = None
    data: str | None = None


@dataclass(frozen=True)
class Described:
    """What a card is written from."""

    name: str
    record: Record
    made: Provenance | None
    seen: Run | RunResult | LabelsSeen | None
    """What is known of labels, also where the run itself is not."""
    licences: Licences
    words: bool
    """Whether the head predicts words."""
    ours: bool
    """Whether the architecture is not one of `transformers`."""


def card(model: Described) -> str:
    """The card, front matter and text."""
    parts = [
        f"---\n{_front(model).to_yaml()}\n---",
        f"# {_plain(model.name)}",
        _summary(model),
        "## Use",
        f"In this folder ({_needs(model)}):",
        f"```python\n{usage(model.record.wanted, model.record.task, model.words, model.ours)}\n```",
        "## Where it comes from",
        *_history(model),
        "## Scores",
        _scores(model),
        _AGAIN,
        _again(model),
        "## Checked, size and speed",
        f"Read back when it was exported: {model.record.check.said}.",
        f"{model.record.parameters:,} parameters, {model.record.size / 1e6:,.1f} MB with all files. Speed: {UNKNOWN}.",
    ]
    return "\n\n".join(parts) + "\n"


def has_card(folder: Path) -> bool:
    """Whether this is an exported folder, whose card has a place for the model's speed."""
    file = folder / FILE
    return file.is_file() and _SPEED.search(file.read_text(encoding="utf-8")) is not None


def tell_speed(folder: Path, said: str) -> None:
    """Let the card of an exported folder say how fast the model was seen to be."""
    file = folder / FILE
    write_text(file, _SPEED.sub(lambda _: said, file.read_text(encoding="utf-8")))
    list_again(folder, FILE)


def tell_scores(folder: Path, library: str, scores: Iterable[tuple[str, str, str, float]]) -> None:
    """Let the card of an exported folder say what tasks of mteb say of the model, in place of what they said before."""
    rows = [f"| {task} | {language} | {metric} | {value:.4f} |" for task, language, metric, value in scores]
    table = "\n".join(["| task | language | score | value |", "| --- | --- | --- | --- |", *rows])
    file = folder / FILE
    before, place, after = _JUDGED.sub("", file.read_text(encoding="utf-8")).partition(_AGAIN)
    write_text(file, f"{before}{_RULED}\n\n{table}\n\nBy mteb {library}, on its task classes.\n\n{place}{after}")
    list_again(folder, FILE)


def _front(model: Described) -> ModelCardData:
    wanted, made = model.record.wanted, model.made
    vectors = wanted.pooling is not None
    task = model.record.task
    kind = "sentence-similarity" if vectors else _KINDS[task_of(task).name][1] if task else None
    scores = [] if made is None or kind is None or vectors else _evaluated(made, kind)
    return ModelCardData(
        language=_languages(made) or None,
        license=model.licences.model,
        library_name=wanted.format,
        pipeline_tag=kind or ("fill-mask" if model.words else "feature-extraction"),
        tags=["polydistill", "knowledge-distillation", *(["int8"] if wanted.int8 else [])],
        base_model=base_models(made) or None if made else None,
        model_name=model.name if scores else None,
        eval_results=scores or None,
    )


def _evaluated(made: Provenance, kind: str) -> list[EvalResult]:
    evaluation = made.run.evaluation
    return [
        EvalResult(
            task_type=kind,
            dataset_type=evaluation.data.kind,
            dataset_name=data(evaluation.data),
            dataset_config=score.language,
            dataset_split=score.split,
            metric_type=score.metric,
            metric_value=round(score.value, 4),
        )
        for score in made.result.scores
        if evaluation is not None
    ]


def _languages(made: Provenance | None) -> list[str]:
    """The languages the run read or was scored on; of a pair both."""
    if made is None:
        return []
    read = [code for _, codes in made.run.method.reads for code in codes]
    scored = [score.language for score in made.result.scores]
    return list(dict.fromkeys(part for code in (*read, *scored) for part in code.split("-")))


def _summary(model: Described) -> str:
    wanted, task = model.record.wanted, model.record.task
    said = _KINDS[task_of(task).name][0] if task else "encoder"
    if wanted.pooling:
        said = f"encoder of sentences (pooling: {wanted.pooling}{', normalised' if wanted.normalize else ''})"
    told = f", which reads as it reads {wanted.language}" if wanted.language else ""
    size = " in int8" if wanted.int8 else ""
    folder = "an ONNX file" if wanted.format == "onnx" else f"a {wanted.format} folder"
    article = "An" if said.startswith("e") else "A"
    return f"{article} {said}{told}, as {folder}{size}, exported by polydistill {model.record.polydistill}."


def _needs(model: Described) -> str:
    transformers = f"torch transformers{' polydistill' if model.ours else ''}"
    packages = {"onnx": "onnxruntime tokenizers", "transformers": transformers}
    return f"pip install {packages.get(model.record.wanted.format, 'sentence-transformers')}"


def _history(model: Described) -> Iterable[str]:
    if model.made is None:
        yield f"Which run made the model, and from what: {UNKNOWN}."
    for number, run in enumerate(model.made.runs if model.made else (), start=1):
        yield _step(number, run)
    seen = model.seen
    whose = "**Labels seen**, by it, by what it starts from and by what teaches it"
    yield f"- {whose}: {UNKNOWN if seen is None else _listed(seen.labels_seen)}."
    yield f"- **Selected on**: {UNKNOWN if seen is None else _listed(seen.selected_on)}."
    if model.made is None:
        return
    licences = [f"`{data(source)}`: {_licence(source, model.licences)}" for source in model.made.sources]
    yield f"- **Data and licences**: {'; '.join(licences)}."
    yield f"- **The model's licence**: {model.licences.model or UNKNOWN}."


def _step(number: int, run: Run) -> str:
    title, equation = method_of(run)
    taught = {role: origin(start) for role, start in run.models.items() if role != "start"}
    if run.method.teaching == "itself" and run.teacher is None:
        taught["teacher"] = "the same"
    training = run.training
    lines = [
        f"{number}. **{_plain(run.name)}**. {title}.",
        f"```text\n{equation}\n```" if equation else "",
        f"Begins as {origin(run.start)}.",
        *[f"{role.replace('/', ' of ').capitalize()}: {who}." for role, who in taught.items()],
        f"Reads {'; '.join(f'`{data(source)}` in {_listed(codes)}' for source, codes in run.method.reads)}.",
        f"{training.steps:,} steps of {training.batch_size * training.accumulation} rows at most, "
        f"learning rate {training.learning_rate:g}, seed {run.seed}.",
    ]
    return "\n\n".join(
        line.replace("\n", "\n   ") if place == 0 else _inside(line) for place, line in enumerate(lines) if line
    )


def _inside(text: str) -> str:
    """Text that belongs to an item of a list."""
    return "\n".join(f"   {line}" for line in text.splitlines())


def _licence(source: Source, licences: Licences) -> str:
    if isinstance(source, WorldSource):
        return "made by polydistill (Apache-2.0)"
    return licences.data or f"licence {UNKNOWN}"


def _scores(model: Described) -> str:
    made = model.made
    if made is None or made.run.evaluation is None or not made.result.scores:
        return f"{UNKNOWN.capitalize()}."
    head = "| language | metric | value | split | rows |\n| --- | --- | --- | --- | --- |"
    rows = [
        f"| {one.language} | {_metric(one)} | {one.value:.4f} | {one.split} | {one.examples:,} |"
        for one in made.result.scores
    ]
    before = " Before it was brought to int8." if model.record.wanted.int8 else ""
    vectors = " Of its classifier, which is not in this folder." if model.record.wanted.pooling else ""
    return (
        "\n".join([head, *rows]) + f"\n\nOn `{data(made.run.evaluation.data)}`, seed {made.run.seed}.{before}{vectors}"
    )


def _metric(score: Score) -> str:
    return f"{score.metric} (the lower the better)" if score.metric in LOWER_IS_BETTER else score.metric


def _again(model: Described) -> str:
    made = model.made
    if made is None:
        return f"{UNKNOWN.capitalize()}."
    versions = ", ".join(f"{name} {version}" for name, version in made.result.versions.items())
    which = (
        "the `run.json` in this folder"
        if is_portable(made.run)
        else "the run's own `run.json`, which names files that are not here"
    )
    machine = made.result.machine or f"a machine that is {UNKNOWN}"
    return (
        f"`polydistill run run.json --out again`, with {which}.\n\n"
        f"It took {made.result.seconds:,.0f} s on {machine}, with {versions}. "
        f"The run's identity is {made.result.run_id}."
    )


def _plain(name: str) -> str:
    """A name as text: a page shows it and does not run it."""
    return html.escape(printable(name), quote=False)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"

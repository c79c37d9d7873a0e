"""The work of the job small: which sizes are tried, each made by trim, align or xd, and export; then compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from transformers import PreTrainedModel

from polydistill.data.batches.encoding import Floats
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.load import load_aligned, load_rows
from polydistill.data.rows.shapes import SENTENCE
from polydistill.defaults import SMALL
from polydistill.jobs.align import align
from polydistill.jobs.evaluate import evaluate
from polydistill.jobs.export import export
from polydistill.jobs.predict import predict
from polydistill.jobs.run import do
from polydistill.jobs.trim import trim
from polydistill.jobs.xd import xd
from polydistill.models.layers import blocks
from polydistill.models.loaded import Loaded
from polydistill.models.trimming.vocabulary import vocabulary_of
from polydistill.reports.page import write_page
from polydistill.reports.pareto import Point, Shrunk, sections
from polydistill.serving.bench import Settings, bench
from polydistill.serving.reader import open_reader, size_on_disk
from polydistill.serving.vectors import open_vectors
from polydistill.starts.heads import task_in
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_whole, predicts_words
from polydistill.starts.origins import Pretrained
from polydistill.starts.sentence import own_pooling
from polydistill.tasks import AnyTask, task_of
from polydistill.training.run import Cut, Run
from polydistill.whole import written_whole

RESULT, PAGE = "small.json", "small.html"
_GRAPH = 400_000  # ours: bytes of an exported file beside its weights
_SLACK = 0.98  # ours: of the budget, as sizes are estimated before anything is made
_AGREEMENT = 0.5  # ours: below it int8 has gone wrong; how near each comes to the large one is in the table
_TURNS = 3  # ours: how often each model reads the rows that speed is measured on


@dataclass(frozen=True)
class Wish:
    """What is wanted."""

    model: str
    languages: tuple[str, ...]
    text: Mapping[str, Rows]
    parallel: Any
    test: Rows
    budget: int
    depths: tuple[int, ...]
    pieces: int | None
    training: Mapping[str, Any]
    rows: int
    threads: int
    out: Path


@dataclass(frozen=True)
class Try:
    """A size that is tried."""

    depth: int
    of: int
    """Blocks of the large model."""
    pieces: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.depth}-blocks-{self.pieces}-pieces"


def shrunk(wish: Wish) -> Shrunk:
    """Make what is not there yet, compare, and write the page."""
    start = pinned(wish.model)
    whole = load_whole(start)
    task = task_in(whole.network.config)
    _check(wish, start, whole.network, task)
    tries, left_out = _tries(wish, whole)
    del whole
    compare = _compare_vectors(wish, start) if task is None else _compare_answers(wish, task)
    folders, made = {"the large one": _int8(wish, wish.model, "original", task)}, {"the large one": wish.model}
    for one in tries:
        model = _taught(wish, start, one, task)
        folders[one.name], made[one.name] = _int8(wish, str(model), one.name, task), str(model)
    settings = Settings(task=task, rows=wish.rows, threads=wish.threads, turns=_TURNS, clock=_clock(wish.threads))
    speed = bench(list(folders.values()), settings, _bench_rows(wish, task))
    points = []
    for (name, folder), measured in zip(folders.items(), speed.models, strict=True):
        config = load_whole(pinned(made[name])).network.config
        scores, agreement = compare(folder)
        points.append(
            Point(
                name=name,
                folder=str(folder.relative_to(wish.out)),
                blocks=config.num_hidden_layers,
                pieces=config.vocab_size,
                size=size_on_disk(folder),
                rows_a_second=float(np.median(speed.rows_a_second(measured))),
                latency=measured.latency(50),
                scores=scores,
                agreement=agreement,
            )
        )
    measure = "Retrieval of translations" if task is None else f"The {task_of(task).metric} of the task"
    page = wish.out / PAGE
    found = Shrunk(
        model=wish.model, measure=measure, budget=wish.budget, points=tuple(points), left_out=left_out, page=str(page)
    )
    with written_whole(wish.out / RESULT) as unfinished:
        unfinished.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_page(page, f"Small models of {Path(wish.model).name}", sections(found))
    return found


def _check(wish: Wish, start: Pretrained, network: PreTrainedModel, task: AnyTask | None) -> None:
    """Refuse what cannot be made smaller here, before anything is done."""
    if task is None and predicts_words(network.config):
        raise ValueError(
            f"{start.name} predicts hidden words. `small` is for sentence encoders and tuned classifiers: take `trim` "
            "and `distill` (docs/monolingual.md), and tune what is left."
        )
    if task is None and not wish.parallel:
        raise ValueError("A sentence encoder teaches its vectors of translations: give --parallel en-de=FILE.")
    depth = int(network.config.num_hidden_layers)
    if wrong := [one for one in wish.depths if not 0 < one <= depth]:
        raise ValueError(f"depth is {wrong[0]}; {start.name} has {depth} blocks, so 1 to {depth} can be tried.")


def _tries(wish: Wish, whole: Loaded) -> tuple[list[Try], tuple[str, ...]]:
    """Depths, each with the pieces that the budget leaves room for; and which ones leave none."""
    network = whole.network
    table = cast(Any, network.get_input_embeddings()).weight
    block = sum(value.numel() if value.ndim > 1 else 4 * value.numel() for value in blocks(network)[0].parameters())
    all_blocks = sum(value.numel() for one in blocks(network) for value in one.parameters())
    rest = 4 * (sum(value.numel() for value in network.parameters()) - all_blocks - table.numel())
    pieces = vocabulary_of(whole.tokenizer).pieces
    file = len(cast(Any, whole.tokenizer).backend_tokenizer.to_str().encode())
    piece = table.shape[1] + 4 + file / len(pieces)
    depth = len(blocks(network))
    usual = sorted({max(1, depth // 4), max(1, depth // 3), max(1, depth // 2)})
    tries, left_out = [], []
    for one in wish.depths or usual:
        room = int((_SLACK * wish.budget - _GRAPH - rest - one * block) / piece)
        if wish.pieces is None and room < 1:
            left_out.append(f"{one} blocks are larger than the budget.")
            continue
        tries.append(Try(one, depth, min(len(pieces) - 1, wish.pieces or room)))
    if not tries:
        raise ValueError(
            f"No try fits into {wish.budget:,} bytes: {' '.join(left_out)} Raise --budget, or lower --depth."
        )
    return tries, tuple(left_out)


def _taught(wish: Wish, start: Pretrained, one: Try, task: AnyTask | None) -> Path:
    """The trimmed and cut model after it has learned from the large one."""
    place = wish.out / one.name
    trimmed = place / "trimmed"
    if not trimmed.is_dir():
        trim(wish.model, wish.languages, wish.text, keep=one.pieces, by="frequency", out=trimmed)
    asked = {name: value for name, value in wish.training.items() if value is not None}
    common: dict[str, Any] = {"warmup": 0.1, "decay": "linear", **asked}
    if task is None:
        run = align.run(wish.model, trimmed, method="sentence", parallel=wish.parallel, **common)
    else:
        more = {"parallel": wish.parallel} if wish.parallel else {}
        run = xd.run(wish.model, text=wish.text, **more, **{"batch_size": SMALL["batch_size"], **common})
    cut = Cut(of=Pretrained(name=str(trimmed)), depth=one.depth, map=evenly(one.depth, one.of))
    return do(Run(**{**dict(run), "name": one.name, "start": cut, "teacher": start}), out=place / "run").model


def evenly(depth: int, of: int) -> dict[int, int]:
    """Which of the large model's blocks each is: spread as evenly as whole numbers are, the last one the last."""
    return {block: round(block * of / depth) for block in range(1, depth + 1)}


def _int8(wish: Wish, model: str, name: str, task: AnyTask | None) -> Path:
    """The ONNX folder of a model in int8."""
    folder = wish.out / name / "int8"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        start = pinned(model)
        how: dict[str, Any] = {"task": task}
        if task is None:
            how = {"pooling": own_pooling(start.name, start.revision) or "mean"}
        how |= {"check": wish.test, "check_langs": wish.languages}
        export(model, folder, "onnx", int8=True, agreement=_AGREEMENT, **how)
    return folder


Compare = Callable[[Path], tuple[dict[str, float], float]]


def _compare_vectors(wish: Wish, start: Pretrained) -> Compare:
    """How often translations are found, and how near the vectors are to those of the large model."""
    first, *others = sorted(wish.languages, key=lambda code: code != "en")
    if not others:
        raise ValueError("Translations are looked for in two languages at least. Name another one in --langs.")
    rows = load_aligned(as_source(wish.test), SENTENCE, (first, *others), "small").rows
    texts = {code: rows[code]["text"][:] for code in (first, *others)}
    large = open_vectors(start.name)
    wanted = {code: large.vectors(lines, 32) for code, lines in texts.items()}

    def compare(folder: Path) -> tuple[dict[str, float], float]:
        reader = open_vectors(folder, large.prompt)
        said = {code: reader.vectors(lines, 32) for code, lines in texts.items()}
        near = [float((said[code] * wanted[code]).sum(-1).mean()) for code in texts]
        return {code: _found(said[code], said[first]) for code in others}, float(np.mean(near))

    return compare


def _found(one_ND: Floats, other_ND: Floats) -> float:
    """How often the nearest is the translation, the mean of both ways."""
    similar_NN = one_ND @ other_ND.T
    places = np.arange(len(similar_NN))
    return float(np.mean([(similar_NN.argmax(axis) == places).mean() for axis in (0, 1)]))


def _compare_answers(wish: Wish, task: AnyTask) -> Compare:
    """The score of the task, and how many answers are those of the large model."""
    texts = _texts(wish, task)
    wanted = [_said(answer) for answer in predict(open_reader(wish.model, task), texts, task=task)]

    def compare(folder: Path) -> tuple[dict[str, float], float]:
        scores = evaluate(folder, wish.test, wish.languages, task)
        metric = task_of(task).metric
        said = [_said(answer) for answer in predict(open_reader(folder, task), texts, task=task)]
        equal = np.mean([one == other for one, other in zip(said, wanted, strict=True)])
        return {one.language: one.value for one in scores if one.metric == metric}, float(equal)

    return compare


def _said(answer: Any) -> Any:
    """What an answer says, without how sure it is."""
    return next(getattr(answer, name) for name in ("label", "tags", "choice", "text") if hasattr(answer, name))


def _texts(wish: Wish, task: AnyTask) -> list[dict[str, Any]]:
    """The texts of the test rows."""
    shape = task_of(task).shape
    found = load_rows(as_source(wish.test), shape, wish.languages).rows
    return [{name: row[name] for name in shape.texts} for rows in found.values() for row in cast(Any, rows)]


def _bench_rows(wish: Wish, task: AnyTask | None) -> Path:
    """A file of the rows that speed is measured on: of all languages in turn."""
    import json

    lines: Sequence[str]
    if task is None:
        rows = load_aligned(as_source(wish.test), SENTENCE, wish.languages, "small").rows
        lines = [
            text for texts in zip(*(rows[code]["text"][:] for code in wish.languages), strict=True) for text in texts
        ]
    else:
        texts = _texts(wish, task)
        each = len(texts) // len(wish.languages)
        lines = [json.dumps(texts[at + each * k]) for at in range(each) for k in range(len(wish.languages))]
    file = wish.out / ("speed.txt" if task is None else "speed.jsonl")
    file.write_text("".join(f"{line}\n" for line in lines[: wish.rows]), encoding="utf-8")
    return file


def _clock(threads: int) -> Any:
    """Of one thread its own time, which neighbours do not lengthen."""
    return "processor" if threads == 1 else "wall"

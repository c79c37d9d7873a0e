"""int8 of real models: how often it answers as the model, its score, its speed, and its answers alone and in a batch.

    python benchmarks/int8.py --of "NLI=MODEL:second-{lang}.tsv:en,de,tr" --of "sentiment=MODEL:dev-{lang}.tsv:en,fr"

Each `--of` is a name, a classifier, rows with labels that neither its training nor the choice of how int8 is done has
seen, and their languages. Beside polydistill's int8 stand the exact file and stock dynamic quantisation (ONNX
Runtime's `quantize_dynamic`, a scale a column), which polydistill's int8 was before. One thread.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

import polydistill
from measuring import Row, interleaved, markdown, ratios, spread, write
from polydistill.data.batches.padding import padded_batches
from polydistill.data.rows.given import as_source
from polydistill.exports.onnx_folder import MODEL_FILE
from polydistill.exports.samples import Sample
from polydistill.jobs.asked import Asked, found_task
from polydistill.reports.significance import paired_bootstrap
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_for
from polydistill.tasks import AnyTask

EXACT, STOCK, OURS = "fp32", "stock int8", "int8"
ROWS_A_BATCH, TIMED = 16, 6
Session = onnxruntime.InferenceSession


def files(model: str, task: AnyTask, folder: Path) -> Mapping[str, Path]:
    """The model as three ONNX files; stock quantisation leaves the embeddings as they are."""
    found = {STOCK: folder / "stock.onnx"}
    for name, int8 in ((EXACT, False), (OURS, True)):
        (done,) = polydistill.export(model, folder / name, "onnx", task=task, int8=int8, agreement=0.0)
        found[name] = done.folder / MODEL_FILE
    graph = onnx.load(found[EXACT])
    del graph.graph.value_info[:]  # shapes of what the quantiser changes, which it would find in contradiction
    plain = folder / "plain.onnx"
    onnx.save(graph, plain)
    quantize_dynamic(
        plain, found[STOCK], op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8
    )
    return {name: found[name] for name in (EXACT, STOCK, OURS)}


def said(session: Session, batch: Mapping[str, Any]) -> np.ndarray:
    """The logits of a batch."""
    names = [one.name for one in session.get_inputs()]
    return np.asarray(session.run(None, {name: batch[name] for name in names})[0])


def interval(hits: np.ndarray) -> str:
    """The share of hits with its 95 % interval (Wilson)."""
    n, p, z = len(hits), float(hits.mean()), 1.96
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (
        f"{100 * p:.1f} [{100 * (middle - half) / (1 + z * z / n):.1f}, {100 * (middle + half) / (1 + z * z / n):.1f}]"
    )


def gain(hits: np.ndarray, before: np.ndarray) -> str:
    """How much more is right than before, with its 95 % interval (paired bootstrap over rows)."""
    found = paired_bootstrap(hits, before)
    return f"{100 * found.difference:+.2f} [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"


def measure(of: str, at_most: int, turns: int) -> list[Row]:
    """The rows of one model."""
    name, rest = of.split("=", 1)
    model, path, languages = rest.rsplit(":", 2)
    codes = languages.split(",")
    task = found_task(Asked(), pinned(model), as_source(path), codes)
    loaded = load_for(pinned(model), task)
    parts = list(Sample(as_source(path), tuple(codes)).parts(loaded, task))
    gold, batches = [], []
    for part in parts:
        taken = np.random.default_rng(0).permutation(len(part.text))[: at_most // len(codes)]
        for rows, inputs in padded_batches(part.text.select(taken), ROWS_A_BATCH):
            gold.append(part.gold[taken][rows])
            batches.append(inputs)
    right = np.concatenate(gold)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        made = files(model, task, Path(folder))
        sizes = {one: file.stat().st_size for one, file in made.items()}
        sessions = {one: Session(file, options, providers=["CPUExecutionProvider"]) for one, file in made.items()}
    logits = {one: np.concatenate([said(session, batch) for batch in batches]) for one, session in sessions.items()}
    answers = {one: found.argmax(-1) for one, found in logits.items()}
    timed = batches[:: max(1, len(batches) // TIMED)][:TIMED]
    work = {
        one: (lambda session=session: [said(session, batch) for batch in timed]) for one, session in sessions.items()
    }
    seconds = interleaved(work, turns)
    return [
        {
            "model": f"{name} ({len(right):,} rows: {', '.join(codes)})",
            "file": one,
            "MB": f"{sizes[one] / 1e6:.0f}",
            "answers as fp32, %": "" if one == EXACT else interval(answers[one] == answers[EXACT]),
            "accuracy, %": interval(answers[one] == right),
            "over fp32, points": "" if one == EXACT else gain(answers[one] == right, answers[EXACT] == right),
            "speed over fp32": spread(ratios(seconds, EXACT, one)),
            "speed over stock int8": spread(ratios(seconds, STOCK, one)),
            "alone and in a batch": f"{alone(sessions[one], timed):.1g}",
        }
        for one in made
    ]


def alone(session: Session, batches: list[Any]) -> float:
    """The largest difference between a logit of a row read alone, without pads, and in its batch."""
    worst = 0.0
    for batch in batches:
        together = said(session, batch)
        for row in range(0, len(together), 5):
            tokens = int(batch["attention_mask"][row].sum())
            one = {name: column[row : row + 1, :tokens] for name, column in batch.items()}
            worst = max(worst, float(np.abs(said(session, one)[0] - together[row]).max()))
    return worst


def main() -> None:
    """Measure every model that is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--of", action="append", required=True, help="NAME=MODEL:ROWS:LANGUAGES")
    parser.add_argument("--rows", type=int, default=2000, help="rows that are read of each model's")
    parser.add_argument("--turns", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(1)
    about = (
        "Rows that nothing was learned from and nothing chosen by. Shares have their 95 % interval; speeds are medians "
        f"over {given.turns} interleaved turns of {TIMED} batches of {ROWS_A_BATCH} rows, with their range. `alone and "
        "in a batch` is the largest difference between a logit of a row that is read alone and in its batch."
    )
    rows: list[Row] = []
    for of in given.of:
        rows += measure(of, given.rows, given.turns)
        write("int8", "int8 of real models", [about, markdown(rows)], rows)


if __name__ == "__main__":
    main()

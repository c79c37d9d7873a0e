"""Kill a run again and again, start it again each time, and compare its end with that of a run left in peace.

    python benchmarks/kill_test.py --kills 20

The run pre-trains a small polyglot (masking, dropout) and tunes it (selection on dev rows). It is done once in peace;
then a process that does it in another folder is killed (SIGKILL) at random moments: half of them anywhere, from loading
to scoring, half of them while a checkpoint is being written or put in its place. At last it is left to finish. Weights,
log and scores must be the same, bit for bit; the script fails if they are not. The table goes to `kill_test.md`.
"""

import argparse
import multiprocessing
import os
import signal
import tempfile
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from rich.console import Console

from measuring import Row, machine, markdown
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.results import MODEL
from polydistill.starts.origins import Fresh
from polydistill.training.execute import execute
from polydistill.training.made import versions
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import LOG, Store

REPORT = Path(__file__).with_suffix(".md")
LANGUAGES = ("en", "fr", "tr")
PROCESSES = multiprocessing.get_context("forkserver")


def pretrained(steps: int) -> Run:
    """A small polyglot with dropout."""
    return Run(
        name="polyglot",
        method=PretrainSpec(languages=LANGUAGES, data=WorldSource(rows=300)),
        start=Fresh(vocabulary=400, width=64, blocks=2, heads=2, dropout=0.1),
        training=Training(
            steps=steps, batch_size=8, learning_rate=1e-3, warmup=0.1, decay="linear", checkpoint_every=9
        ),
    )


def tuned(steps: int) -> Run:
    """Its tuning, with the weights chosen on dev rows."""
    return Run(
        name="baseline",
        method=TuneSpec(languages=LANGUAGES, data=WorldSource(rows=300), max_length=64),
        start=ResultOf(run=pretrained(steps)),
        training=Training(
            steps=steps, batch_size=8, learning_rate=5e-4, accumulation=2, evaluate_every=20, checkpoint_every=7
        ),
        selection=Judging(languages=("en",), data=WorldSource(rows=90, split="dev"), max_length=64),
        evaluation=Judging(languages=LANGUAGES, data=WorldSource(rows=90, split="test"), max_length=64),
    )


def work(run: Run, root: str) -> None:
    """What the killed process does."""
    execute(run, Store(root), Console(quiet=True))


def started(run: Run, root: Path) -> BaseProcess:
    process = PROCESSES.Process(target=work, args=(run, str(root)))
    process.start()
    return process


def undisturbed(run: Run, root: Path) -> float:
    """Do the run in peace; the seconds it took."""
    began = time.monotonic()
    process = started(run, root)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def same_numerics(run: Run, root: Path, reference: Path) -> None:
    """Let both compute with the kernel that the first was found to be fast with."""
    for one in (run, run.start.run):
        name = Store(root).folder(one).name
        (root / name).mkdir(parents=True)
        (root / name / "numerics.json").write_bytes((reference / name / "numerics.json").read_bytes())


def writing(root: Path) -> set[str]:
    """Checkpoints that are being written right now."""
    return {str(path) for path in root.glob("*/checkpoints/unfinished/checkpoint-*")}


def wait_until_writing(process: BaseProcess, root: Path) -> None:
    """Until the process begins a checkpoint: what lay there before it started does not count."""
    before = writing(root)
    while process.is_alive() and not writing(root) - before:
        before &= writing(root)
        time.sleep(0.0005)


def state(run: Run, root: Path) -> dict[str, object]:
    """What a kill has left on the disk."""
    store = Store(root)
    now = run.start.run if store.result(run.start.run) is None else run
    place = store.folder(now) / "checkpoints"
    whole = [int(path.name.rpartition("-")[2]) for path in place.glob("checkpoint-*")]
    half = [path.name for path in place.glob("unfinished/checkpoint-*")]
    doomed = [path.name for path in place.glob(".checkpoint-*.removed")]
    return {
        "in": now.name,
        "whole checkpoints": ", ".join(map(str, sorted(whole))) or "none",
        "half-written or half-removed": ", ".join(sorted(half + doomed)) or "none",
    }


def kill(number: int, run: Run, root: Path, rng: Random, typical: float) -> Row | None:
    """Start the run and kill it; None if it was done first."""
    process, began = started(run, root), time.monotonic()
    aim = "a checkpoint" if rng.random() < 0.5 else "any moment"
    if aim == "a checkpoint":
        wait_until_writing(process, root)
        time.sleep(rng.uniform(0.0, 0.03))
    else:
        process.join(rng.uniform(0.0, typical))
    if not process.is_alive():
        return None
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    return {"kill": number, "aimed at": aim, "after (s)": f"{time.monotonic() - began:.2f}", **state(run, root)}


def differences(run: Run, root: Path, reference: Path) -> list[str]:
    """What is not the same, bit for bit, in the two folders."""
    found = []
    for one in (run, run.start.run):
        ours, theirs = Store(root).folder(one), Store(reference).folder(one)
        files = (f"{MODEL}/model.safetensors", f"{MODEL}/tokenizer.json", LOG)
        found += [f"{one.name}: {file}" for file in files if (ours / file).read_bytes() != (theirs / file).read_bytes()]
    results = [Store(place).result(run) for place in (root, reference)]
    if results[0] is None or results[1] is None or results[0].scores != results[1].scores:
        found.append("scores")
    return found


def report(rows: list[Row], run: Run, seconds: float, different: list[str]) -> str:
    verdict = f"NOT THE SAME: {', '.join(different)}" if different else "the same, bit for bit: weights, log and scores"
    steps = run.training.steps
    return "\n".join(
        [
            "# Kill test",
            "",
            f"A run of {steps} + {steps} steps (pre-training with dropout, then tuning with selection) was done",
            f"in peace, in {seconds:.1f} s. The same run was killed {len(rows)} times and started again.",
            f"Their ends are **{verdict}**.",
            "",
            f"Command: `python benchmarks/kill_test.py --kills {len(rows)}`",
            "",
            f"Machine: {machine()}",
            "",
            f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}",
            "",
            markdown(rows),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    PROCESSES.set_forkserver_preload(["polydistill.training.execute"])
    run, rng = tuned(options.steps), Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        reference, root = Path(folder) / "in-peace", Path(folder) / "killed"
        seconds = undisturbed(run, reference)
        same_numerics(run, root, reference)
        rows: list[Row] = []
        while len(rows) < options.kills:
            row = kill(len(rows) + 1, run, root, rng, typical=2.5 * seconds / options.kills)
            if row is None:
                raise SystemExit(
                    f"The run was done after {len(rows)} kills; give it more --steps than {options.steps}."
                )
            rows.append(row)
            print(*row.values(), sep=" | ", flush=True)
        undisturbed(run, root)
        different = differences(run, root, reference)
    REPORT.write_text(text := report(rows, run, seconds, different))
    print(text)
    if different:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

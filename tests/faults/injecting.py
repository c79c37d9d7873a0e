"""Faults at the events of a file system, one a turn: a job meets one, is asked again, and must end as without it.

    python tests/faults/injecting.py --turns 400 --seed 1

A turn takes a job, one of its file-system events and a fault by chance, from the seed. The job runs in a process of its
own, as a command would, and meets the fault when that event comes:

    kill          the process is gone: nothing is cleaned up
    full disk     ENOSPC, where something is opened to be written, made or renamed
    no permission EACCES, the same, and where something is removed
    short write   half of a file that was just written reached the disk, then the process is gone
    lost rename   a rename that was not flushed to the disk is undone, and the process is gone

Then: it has ended with success, with one line of error, or was killed; no file with a final name is half-written; and
the same command, given again, ends with the same bits as one that met no fault.
"""

import argparse
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))
# all that a job imports is there before the process is forked, so that a turn does not pay for it
import transformers.models.xlm_roberta.modeling_xlm_roberta  # noqa: F401
from typer.testing import CliRunner

import polydistill
from polydistill.cli import app
from polydistill.manifest import FILES, changes
from polydistill.tasks import TASKS
from tiny import tiny_network, tiny_tokenizer, with_labels

KILLED, USER_ERROR = 137, 2
KINDS = ("kill", "full disk", "no permission", "short write", "lost rename")
_LEARN = "--langs en,fr --data world:mini?rows=16 --max-length 48 --steps 6 --batch-size 4 --checkpoint-every 2"
JOBS = {
    "tune": "tune --model MODEL --langs en --train world:mini?rows=16 --max-length 48 --steps 6 --batch-size 4 "
    "--checkpoint-every 2 --dev world:mini?rows=8&split=dev --evaluate-every 2 --out WORK/out",
    "xd": f"xd --model MODEL {_LEARN} --test world:mini?rows=8&split=test --out WORK/out",
    "export": "export MODEL --check world:mini?rows=2 --check-langs en --out WORK/out",
    "vectors": "export MODEL --format sentence-transformers --pooling mean --check world:mini?rows=2 --check-langs en "
    "--out WORK/out",
    "trim": "trim MODEL --langs en --text WORK/text.txt --keep 200 --out WORK/out",
    "predict": "predict MODEL --input WORK/rows.jsonl --out WORK/out.jsonl",
}
_SAME = {"tune": ("model.safetensors", "log.json"), "xd": ("model.safetensors", "log.json"), "predict": ("out.jsonl",)}
"""Which files must hold the same bits; of the others all but the lists, which have a time in them, or none."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Injector:
    """Counts the events below a folder, and does what is asked for at one of them."""

    work: str
    kind: str | None = None
    at: int = 0
    counts: Counter = field(default_factory=Counter)
    renamed: tuple[str, str, str | None] | None = None

    def __call__(self, event: str, given: tuple) -> None:
        found = _event(event, given)
        if found is None or not any(self._ours(path) for path in found[1]):
            return
        what, paths = found
        if self.renamed is not None:  # the next event after a rename: it has not reached the disk
            self._undo()
        for kind in KINDS:
            if what in _MEETS[kind] and (kind != "short write" or self._unfinished(paths[0])):
                self.counts[kind] += 1
                if kind == self.kind and self.counts[kind] == self.at:
                    self._strike(kind, paths)

    def _ours(self, path: str) -> bool:
        return path.startswith(self.work) and not path.endswith("/lock")

    def _unfinished(self, path: str) -> bool:
        """Whether a file that is opened again, to be flushed, has no final name yet."""
        parts = Path(path).relative_to(self.work).parts if path.startswith(self.work) else ()
        return any(part.startswith(".") or part == "unfinished" for part in parts) and Path(path).is_file()

    def _strike(self, kind: str, paths: list[str]) -> None:
        if kind == "kill":
            os._exit(KILLED)
        if kind == "full disk":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), paths[0])
        if kind == "no permission":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), paths[0])
        self.kind = None  # what follows is ours
        if kind == "short write":
            os.truncate(paths[0], Path(paths[0]).stat().st_size // 2)
            os._exit(KILLED)
        source, target = paths
        kept = None
        if Path(target).is_file():
            kept = f"{self.work}.kept"
            shutil.copyfile(target, kept)
        self.renamed = source, target, kept

    def _undo(self) -> None:
        source, target, kept = self.renamed
        self.renamed = None
        if Path(target).exists():
            Path(target).rename(source)
        if kept is not None:
            Path(kept).rename(target)
        os._exit(KILLED)


def _event(event: str, given: tuple) -> tuple[str, list[str]] | None:
    """What an event of the interpreter does to which paths; none where it writes nothing."""
    if event == "open":
        path, mode, flags = given
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        writes = any(one in mode for one in "wax+") if mode else bool((flags or 0) & _WRITES)
        return "write" if writes else "read", [os.fsdecode(path)]
    kinds = {"os.rename": "rename", "os.mkdir": "make", "os.remove": "remove", "os.rmdir": "remove", "os.chmod": "mode"}
    if event not in kinds or isinstance(given[0], int):
        return None
    paths = given[:2] if event == "os.rename" else given[:1]
    return kinds[event], [os.fsdecode(path) for path in paths]


_MEETS = {
    "kill": {"write", "read", "rename", "make", "remove", "mode"},
    "full disk": {"write", "rename", "make"},
    "no permission": {"write", "rename", "make", "remove", "mode"},
    "short write": {"read"},  # of a file that has no final name yet
    "lost rename": {"rename"},
}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str
    counts: dict[str, int]
    trace: str = ""


def command(line: str, work: Path, kind: str | None = None, at: int = 0) -> Ended:
    """A command in a process of its own, which meets a fault, if one is named."""
    told = work.with_name(f"{work.name}.told")
    told.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os.environ["POLYDISTILL_CACHE"] = str(work.parent / "cache")
        injector = Injector(str(work), kind, at)
        sys.addaudithook(injector)
        try:
            result = CliRunner().invoke(app, line.split())
            ours = result.exception is not None and not isinstance(result.exception, SystemExit)
            trace = "".join(traceback.format_exception(result.exception)) if ours else ""
            said, code = result.stderr, result.exit_code
        except BaseException as error:  # what the runner does not catch
            said, code, trace = str(error), 1, traceback.format_exc()
        injector.kind = None
        told.write_text(json.dumps([code, said, injector.counts, trace]))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        return Ended(KILLED, "", {})
    return Ended(*json.loads(told.read_text()))


@dataclass
class Bench:
    """The jobs as they end without a fault, and turns that compare with that."""

    root: Path
    references: dict[str, dict[str, str]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model = self.root / "model"
        network, labels = tiny_network(dropout=0.1).float(), TASKS["nli"].shape.labels
        with_labels(network, labels)
        network.save_pretrained(self.model)
        tiny_tokenizer().save_pretrained(self.model)

    def work(self, name: str) -> Path:
        """A new folder with what jobs read."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.root / "cache" / "signals", ignore_errors=True)
        folder.mkdir()
        (folder / "text.txt").write_text("Every dog sleeps.\nNo old farmer sees a cat.\n")
        row = {"premise": "Every dog sleeps.", "hypothesis": "No dog sleeps."}
        (folder / "rows.jsonl").write_text("".join(json.dumps({**row, "id": at}) + "\n" for at in range(20)))
        return folder

    def line(self, job: str, work: Path) -> str:
        """The command of a job."""
        return JOBS[job].replace("MODEL", str(self.model)).replace("WORK", str(work))

    def reference(self, job: str) -> None:
        """Do a job without a fault, and count its events."""
        if job not in self.references:
            work = self.work("reference")
            ended = command(self.line(job, work), work)
            assert ended.code == 0, (job, ended)
            self.references[job], self.counts[job] = kept(job, work), ended.counts

    def turn(self, job: str, kind: str, at: int) -> str:
        """One fault; what is wrong, or nothing."""
        self.reference(job)
        work = self.work("turn")
        line = self.line(job, work)
        ended = command(line, work, kind, at)
        if ended.code not in (0, KILLED, USER_ERROR):
            return f"ended with {ended.code}: {ended.trace or ended.said}"
        if ended.code == USER_ERROR and sum(one.startswith("Error: ") for one in ended.said.splitlines()) != 1:
            return f"said no one line of error: {ended.said}"
        if wrong := half_written(work):
            return f"after it: {wrong}"
        if ended.code != 0:
            again = command(line, work)
            done = (work / "out").is_dir() and not (work / "out" / "identity").exists()  # all was in place before
            if again.code != 0 and not (done and "is there and not empty" in again.said):
                return f"the same command again ended with {again.code}: {again.trace or again.said}"
        if wrong := half_written(work):
            return f"after the same command again: {wrong}"
        found, wanted = kept(job, work), self.references[job]
        other = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        return f"other bits than without a fault: {', '.join(other)}" if other else ""

    def some(self, turns: int, seed: int, say: Callable[[str], None]) -> list[str]:
        """So many turns; what went wrong in which."""
        rng, wrong, met = Random(seed), [], Counter()
        for number in range(turns):
            job = list(JOBS)[number % len(JOBS)]
            self.reference(job)
            kind = rng.choice([kind for kind in KINDS if self.counts[job].get(kind)])
            at = rng.randint(1, self.counts[job][kind])
            met[kind] += 1
            if problem := self.turn(job, kind, at):
                wrong.append(f"{job}, {kind} at event {at}: {problem}")
                say(wrong[-1])
        said = ", ".join(f"{count} {kind}" for kind, count in sorted(met.items()))
        say(f"{turns} turns ({said}), seed {seed}: {turns - len(wrong)} held")
        return wrong


def half_written(work: Path) -> str:
    """A file with a final name that is not whole, if there is one."""
    for listed in sorted(work.rglob(FILES)):
        folder = listed.parent
        hidden = any(part.startswith(".") or part == "checkpoints" for part in folder.relative_to(work).parts)
        is_run = (folder / "identity").exists()
        if hidden or (is_run and not (folder / "results.json").exists()):  # a run under way writes its result last
            continue
        for problem in changes(folder):
            return str(problem)
    out = work / "out.jsonl"
    if out.exists() and len(out.read_text().splitlines()) != 20:
        return f"{out} is not whole"
    for name in ("run.json", "results.json", "log.json"):
        for file in work.rglob(name):
            json.loads(file.read_text())
    return ""


def kept(job: str, work: Path) -> dict[str, str]:
    """What a job has left, by file: a hash of its content."""
    files = [path for path in work.rglob("*") if path.is_file() and path.name != FILES]
    names = _SAME.get(job, ("model.safetensors", "tokenizer.json", "config.json", "modules.json", "kept.json"))
    return {
        str(file.relative_to(work)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.name in names and "checkpoints" not in file.parts
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--job", choices=list(JOBS), help="Only this job.")
    options = parser.parse_args()
    if options.job:
        for other in set(JOBS) - {options.job}:
            del JOBS[other]
    with tempfile.TemporaryDirectory() as root:
        wrong = Bench(Path(root)).some(options.turns, options.seed, lambda said: print(said, flush=True))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    assert polydistill.__version__
    main()

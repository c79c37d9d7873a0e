"""Memory while parallel text is loaded, filtered and encoded for MMKD and for sentence distillation.

    OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python benchmarks/parallel_memory.py [--pairs 30000 100000]

The pairs are made up: on each side 8 to 32 made-up words, in one TSV file. The models are tiny, for what they take is
another matter. For each number of pairs a process of its own prepares a run, up to its first step. While it does, its
memory is looked at every so often: what has no file to be dropped to (Linux's RssAnon), and all that is resident
(VmHWM), pages of files too, which the system drops when it needs the room. Arrays and tables go to files from 1 MiB on,
and not from 16, so that few pairs show what many would.
"""

import argparse
import json
import multiprocessing
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path
from random import Random

import torch

from measuring import Row, markdown, write
from polydistill.data.files import growing
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.corpora import ParallelCorpus
from polydistill.methods.method import Models
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.models.fresh import fresh_encoder, learn_tokenizer
from polydistill.models.loaded import Loaded

PIECES, WIDTH, EVERY, PAPERS = 4_000, 16, 0.2, 10_500_000
WAITING = 1 << 20
METHODS = {"MMKD": MMKDSpec, "sentence": SentenceSpec}
PROCESSES = multiprocessing.get_context("spawn")


def write_pairs(file: Path, pairs: int) -> None:
    """Sentences of words that nobody uses."""
    rng = Random(0)
    words = ["".join(rng.choices("abdeiklmnorstu", k=rng.randint(2, 9))) for _ in range(2_000)]
    with file.open("w") as out:
        out.write("en\ttr\n")
        for _ in range(pairs):
            out.write("\t".join(" ".join(rng.choices(words, k=rng.randint(8, 32))) for _ in range(2)) + "\n")


def prepare(name: str, file: Path, signals: Path, out: Path) -> None:
    """Prepare a run and write what it took."""
    torch.set_num_threads(1)
    growing.IN_MEMORY = WAITING
    with file.open() as lines:
        tokenizer = learn_tokenizer(islice(lines, 2_000), PIECES, 128)
    student, teacher = (
        Loaded(fresh_encoder(len(tokenizer), WIDTH, 1, 1, 0.0, 128, seed), tokenizer) for seed in (0, 1)
    )
    corpora = (ParallelCorpus(target="tr", data=FileSource(path=str(file))),)
    before = {f"{what} before": memory(what) for what in ("RssAnon", "VmRSS")}
    seen, began = Watch(), time.process_time()
    spec = METHODS[name](languages=("tr",), corpora=corpora)
    (group,) = spec.prepare(Models(student, teacher, signals), 0).groups
    seconds, peak = time.process_time() - began, seen.stop()
    tokens = sum(int(text.offsets[-1]) for text in group.texts.values()) / len(group.lengths)
    found = {"peak": peak, "after": memory("RssAnon"), "resident": memory("VmHWM")}
    out.write_text(json.dumps({**before, **found, "rows": len(group.lengths), "tokens": tokens, "seconds": seconds}))


def memory(what: str) -> int:
    """Bytes of this process, as Linux counts them."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{what}:")]
    return 1024 * int(line.split()[1])


class Watch(threading.Thread):
    """Looks at the memory until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self._done, self._peak = threading.Event(), 0
        self.start()

    def run(self) -> None:
        """Remember the most."""
        while not self._done.wait(EVERY):
            self._peak = max(self._peak, memory("RssAnon"))

    def stop(self) -> int:
        """The most that was seen."""
        self._done.set()
        self.join()
        return max(self._peak, memory("RssAnon"))


def measure(name: str, pairs: int) -> Row:
    """One row of the table, and one of the file."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "pairs.tsv", Path(folder) / "found.json"
        write_pairs(file, pairs)
        process = PROCESSES.Process(target=prepare, args=(name, file, Path(folder) / "signals", out))
        process.start()
        process.join()
        assert process.exitcode == 0
        return {"method": name, "pairs": pairs, "text": file.stat().st_size, **json.loads(out.read_text())}


def shown(row: Row) -> Row:
    """In MiB, above what the process held when it began."""
    above = {
        f"{title} (MiB)": f"{(row[after] - row[f'{before} before']) / 2**20:,.0f}"
        for title, after, before in (
            ("at most", "peak", "RssAnon"),
            ("in the end", "after", "RssAnon"),
            ("at most, with pages of files", "resident", "VmRSS"),
        )
    }
    head = {"method": row["method"], "pairs": f"{row['pairs']:,}", "text (MiB)": f"{row['text'] / 2**20:,.1f}"}
    return {**head, "tokens a row": f"{row['tokens']:.0f}", **above, "CPU seconds": f"{row['seconds']:,.0f}"}


def told(rows: list[Row], name: str) -> str:
    """Bytes a pair between the two largest numbers of pairs, and what that makes of the paper's."""
    first, last = [row for row in rows if row["method"] == name][-2:]
    left, files = ((last[key] - first[key]) / (last["pairs"] - first["pairs"]) for key in ("after", "resident"))
    more = last["after"] - last["RssAnon before"] + left * (PAPERS - last["pairs"])
    return (
        f"- {name}: from {first['pairs']:,} to {last['pairs']:,} pairs what it held in the end rose by {left:,.0f} "
        f"bytes a pair, with pages of files by {files:,.0f}. For the paper's {PAPERS / 1e6:.1f} million pairs that "
        f"would make {more / 2**30:.1f} GiB, and {files * PAPERS / 2**30:.0f} GiB of pages of files (extrapolated, not "
        "run). The most that it held is, with so few pairs, what 8,192 of them take while they are filtered; with "
        "millions it will be more than in the end, for some of the offsets are there twice for a moment."
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, nargs="+", default=[30_000, 100_000])
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [measure(name, pairs) for name in options.methods for pairs in options.pairs]
    command = (
        "OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python benchmarks/parallel_memory.py "
        f"--methods {' '.join(options.methods)} --pairs"
    )
    text = (
        f"Command: `{command} {' '.join(map(str, options.pairs))}`. Memory above what the process held before it "
        "read the text: what has no file to be dropped to, at most and in the end; and with the pages of files that it "
        f"looked at, which the system drops when it needs the room. Files begin at {WAITING >> 20} MiB here (16 by "
        "default: up to 15 MiB more for each array and table)."
    )
    said = "\n".join(told(rows, name) for name in options.methods)
    parts = [text, markdown([shown(row) for row in rows]), said]
    write("parallel_memory", "Parallel text: memory until the first step", parts, rows)


if __name__ == "__main__":
    main()

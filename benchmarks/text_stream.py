"""Streaming 5 million lines: memory over time, lines a second, what resuming costs, and a kill amid it.

    python benchmarks/text_stream.py [--lines 5000000]

The lines are short, numbered and made on the spot, in ten files. Three things are shown:

1. A process of its own reads one epoch; its resident memory is taken every 50,000 lines (figure).
2. The same epoch is read by a process that notes its place now and then and is killed (SIGKILL) several times, each
   time to be started again. What it wrote after its last note is dropped, as are a training run's steps after its last
   checkpoint. At the end every line must have been seen exactly once; the script fails if not.
3. A tenth of the lines, by format: lines a second, and seconds to get to the last line from nothing and from a state.
"""

import argparse
import gzip
import json
import lzma
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random

import matplotlib as mpl
import numpy as np
import psutil
import pyarrow as pa
import torch

from measuring import RESULTS, Row, markdown, timed, write
from polydistill.data.batches.streams import LineReader, TextStream, open_texts
from polydistill.data.rows.sources import FileSource

FILES = 10
EVERY = 50_000  # lines between two looks at the memory, and between two notes of the place
PROCESSES = multiprocessing.get_context("spawn")
SENTENCE = "the old man gives three small books to his friend in the large house near the river"


def write_corpus(folder: Path, lines: int) -> None:
    """Numbered lines of 4 to 16 words."""
    rng, words = Random(0), SENTENCE.split()
    folder.mkdir()
    numbers = iter(range(lines))
    for name in range(FILES):
        some = islice(numbers, lines // FILES)
        text = "".join(f"{number} {' '.join(words[: rng.randint(3, 15)])}\n" for number in some)
        (folder / f"{name:02}.txt").write_text(text)


def reader_of(folder: Path) -> LineReader:
    return LineReader(open_texts(TextStream(source=FileSource(path=str(folder))), "en", seed=0))


def watch(folder: Path, lines: int, out: Path) -> None:
    """Read an epoch and write what the memory was on the way."""
    reader, process, began = reader_of(folder), psutil.Process(), time.perf_counter()
    seen = [(0, 0.0, process.memory_info().rss)]
    for done in range(EVERY, lines + 1, EVERY):
        for _ in islice(reader, EVERY):
            pass
        seen.append((done, time.perf_counter() - began, process.memory_info().rss))
    out.write_text(json.dumps(seen))


def record(folder: Path, lines: int, out: Path) -> None:
    """Append the number of each line to a file; note the place every so often, and begin at the last note."""
    reader, place, seen = reader_of(folder), out / "place.json", out / "seen.int32"
    if place.exists():
        reader.load_state_dict(json.loads(place.read_text()))
    with seen.open("ab") as file:
        file.truncate(4 * reader.position)
        while reader.position < lines:
            some = islice(reader, min(EVERY, lines - reader.position))
            for line in some:
                file.write(int(line.partition(" ")[0]).to_bytes(4, "little"))
            file.flush()
            part = place.with_suffix(".part")
            part.write_text(json.dumps(reader.state_dict()))
            part.replace(place)


def in_a_process(work: Callable[..., None], *arguments: object) -> None:
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def killed(folder: Path, lines: int, out: Path, kills: int) -> list[Row]:
    """Kill the process at random places of its way, then let it finish."""
    rng, rows = Random(1), []
    for number in range(1, kills + 1):
        aim = int(4 * lines * (number - rng.random()) / (kills + 1))
        process = PROCESSES.Process(target=record, args=(folder, lines, out))
        process.start()
        while process.is_alive() and (not (out / "seen.int32").exists() or (out / "seen.int32").stat().st_size < aim):
            time.sleep(0.002)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        written = (out / "seen.int32").stat().st_size // 4
        noted = json.loads((out / "place.json").read_text())["position"] if (out / "place.json").exists() else 0
        rows.append({"kill": number, "lines written": f"{written:,}", "of them kept": f"{noted:,}"})
        assert process.exitcode == -signal.SIGKILL
    in_a_process(record, folder, lines, out)
    return rows


def times_seen(out: Path, lines: int) -> dict[int, int]:
    """How many lines were seen how often."""
    times = np.bincount(np.fromfile(out / "seen.int32", dtype="<i4"), minlength=lines)
    return {int(value): int(count) for value, count in zip(*np.unique(times, return_counts=True), strict=True)}


def by_format(folder: Path, lines: int, out: Path) -> list[Row]:
    """One file in each format: reading it, and getting to its last line."""
    content = (folder / "00.txt").read_bytes()
    (out / "plain").write_bytes(content)
    (out / "gz.gz").write_bytes(gzip.compress(content, 6))
    (out / "xz.xz").write_bytes(lzma.compress(content))
    with pa.output_stream(str(out / "zst.zst"), compression="zstd") as file:
        file.write(content)
    count, rows = lines // FILES, []
    for name in ("plain", "gz.gz", "xz.xz", "zst.zst"):
        reader = reader_of(out / name)
        seconds = timed(lambda reader=reader: sum(1 for _ in islice(reader, count)))
        other = reader_of(out / name)
        jump = timed(lambda other=other: (other.seek(count - 1), next(other)))
        rows.append(
            {
                "format": name.partition(".")[0],
                "size (MB)": f"{(out / name).stat().st_size / 1e6:.1f}",
                "lines a second": f"{count / seconds:,.0f}",
                f"to line {count:,} (s)": f"{jump:.2f}",
            }
        )
    first, second = reader_of(folder), reader_of(folder)
    nearly = lines - 1
    slow = timed(lambda: (first.seek(nearly), next(first)))
    second.load_state_dict({**first.state_dict(), "position": nearly})
    quick = timed(lambda: next(second))
    rows.append(
        {
            "format": f"{FILES} plain files",
            "size (MB)": f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f}",
            "lines a second": "",
            f"to line {count:,} (s)": f"to line {lines:,}: {slow:.2f}; with the state {quick:.2f}",
        }
    )
    return rows


def figure(seen: list[tuple[int, float, int]], text: int, file: Path) -> None:
    """The memory beside what it would be if the text were kept; `text` is its size in bytes."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawn, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    millions, began = [lines / 1e6 for lines, _, _ in seen], seen[0][2] / 2**20
    axes.plot(millions, [rss / 2**20 for *_, rss in seen], label="measured")
    axes.plot([0, millions[-1]], [began, began + text / 2**20], "--", label="if the bytes of the text were kept")
    axes.set(xlabel="million lines read", ylabel="resident memory (MiB)", ylim=(0, 1.1 * (began + text / 2**20)))
    axes.legend()
    drawn.savefig(file, dpi=120)
    plt.close(drawn)


def memory(seen: list[tuple[int, float, int]]) -> list[Row]:
    picked = seen[:: max(1, (len(seen) - 1) // 5)]
    return [
        {"lines": f"{lines:,}", "seconds": f"{seconds:.1f}", "resident memory (MiB)": f"{rss / 2**20:.1f}"}
        for lines, seconds, rss in picked
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--kills", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = options.lines // (FILES * EVERY) * FILES * EVERY
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        write_corpus(root / "corpus", lines)
        size = sum(file.stat().st_size for file in (root / "corpus").iterdir())
        in_a_process(watch, root / "corpus", lines, root / "memory.json")
        seen = json.loads((root / "memory.json").read_text())
        (root / "killed").mkdir()
        kills = killed(root / "corpus", lines, root / "killed", options.kills)
        often = times_seen(root / "killed", lines)
        (root / "formats").mkdir()
        formats = by_format(root / "corpus", lines, root / "formats")
    figure(seen, size, RESULTS / "text_stream.png")
    write("text_stream", "Streaming text", page(lines, seen, kills, often, formats), [{"memory": seen, "bytes": size}])
    if often != {1: lines}:
        raise SystemExit(f"Not every line was seen exactly once: {often}")


def page(
    lines: int, seen: list[tuple[int, float, int]], kills: list[Row], often: dict[int, int], formats: list[Row]
) -> list[str]:
    after_first = [rss for done, _, rss in seen if done]
    rise = (after_first[-1] - after_first[0]) / 2**20
    told = ", ".join(f"{count:,} lines {times}x" for times, count in often.items())
    return [
        f"Command: `python benchmarks/text_stream.py --lines {lines}`.",
        f"## Memory\n\nOne epoch of {lines:,} lines in {FILES} files, buffer of 10,000: {lines / seen[-1][1]:,.0f} "
        f"lines a second of the clock. From the first {seen[1][0]:,} lines to the last, resident memory rose by "
        f"{rise:.1f} MiB.\n\n![resident memory over lines read](text_stream.png)\n\n{markdown(memory(seen))}",
        f"## Killed and resumed\n\nThe same epoch by a process that notes its place every {EVERY:,} lines, killed "
        f"{len(kills)} times. Seen at the end: **{told}**.\n\n{markdown(kills)}",
        f"## Formats\n\nOne file of {lines // FILES:,} lines, and all files. Getting to a line reads and drops those "
        f"before it; files whose number of lines is in the state are not opened. The lines are made of few words and "
        f"so are compressed far more than real text, which unpacks more slowly.\n\n{markdown(formats)}",
    ]


if __name__ == "__main__":
    main()

"""Students without attention on real text: Tatoeba and NTREX, German, Turkish and Swahili to English and back.

    python benchmarks/real/static.py --models DIR --data DIR --out runs

The teacher is the multilingual encoder of `--models`. Pairs: a half of the Tatoeba pairs of German and of Turkish (none
that is tested on), Turkish news of WMT, Swahili of Global Voices. `--text N` adds a student that also learns the
teacher's vectors of N lines a language of these. Nothing of NTREX is learned from. Tested on all of Tatoeba's test
sentences and all of NTREX, by the cosine of the vectors, with `polydistill.retrieve`.
"""

import random
import time
from pathlib import Path

from folders import CODES, NEWS, Folders, parser

import polydistill
from measuring import Row, markdown, write

LANGUAGES = ("de", "tr", "sw")


def halved(folders: Folders, code: str) -> str:
    """A half of the Tatoeba pairs, drawn at random: the names of its two files."""
    three, place = CODES[code], folders.out / "half"
    sides = [folders.data / "parallel" / "tatoeba" / f"{three}-eng.{one}" for one in ("eng", three)]
    rows = [side.read_text(encoding="utf-8").rstrip("\n").split("\n") for side in sides]
    kept = sorted(random.Random(0).sample(range(len(rows[0])), len(rows[0]) // 2))
    place.mkdir(parents=True, exist_ok=True)
    halves = [place / f"{code}.{name}" for name in ("en", code)]
    for half, lines in zip(halves, rows, strict=True):
        half.write_text("".join(f"{lines[at]}\n" for at in kept), encoding="utf-8")
    return ",".join(map(str, halves))


def pairs(folders: Folders) -> list[str]:
    """What all students learn from."""
    texts = folders.data / "parallel"
    voices, news = texts / "globalvoices" / "GlobalVoices", texts / "newstest"
    turkish = [f"en-tr={news}/newstest{year}.en-tr.en,{news}/newstest{year}.en-tr.tr" for year in NEWS]
    return [
        f"en-de={halved(folders, 'de')}",
        f"en-tr={halved(folders, 'tr')}",
        *turkish,
        f"en-sw={voices}.en,{voices}.sw",
    ]


def tests(folders: Folders, code: str) -> dict[str, dict[str, Path]]:
    """The sentences of each test by language."""
    three, swahili = CODES[code], code == "sw"
    tatoeba = folders.data / "tatoeba" / f"tatoeba.{'swh' if swahili else three}-eng"
    ntrex = folders.data / "parallel" / "ntrex"
    return {
        "Tatoeba": {code: Path(f"{tatoeba}.{'swh' if swahili else three}"), "en": Path(f"{tatoeba}.eng")},
        "NTREX": {code: ntrex / f"newstest2019-ref.{three}.txt", "en": ntrex / "newstest2019-src.eng.txt"},
    }


def plain(folders: Folders, lines: int) -> dict[str, Path]:
    """So many lines of each language, from the pairs."""
    found = {}
    for code in LANGUAGES:
        last = [one for one in pairs(folders) if one.startswith(f"en-{code}=")][-1]
        side = Path(last.partition("=")[2].split(",")[1]).read_text(encoding="utf-8").split("\n")
        found[code] = folders.out / "half" / f"text.{code}"
        found[code].write_text("".join(f"{line}\n" for line in side[:lines]), encoding="utf-8")
    return found


def measured(name: str, folder: Path, folders: Folders, seconds: str) -> Row:
    """Accuracy x 100 of each test, to English and back, and how fast sentences become vectors."""
    row: Row = {"student": name}
    for test in ("Tatoeba", "NTREX"):
        for code in LANGUAGES:
            found = polydistill.retrieve(folder, tests(folders, code)[test], [code, "en"])
            row[f"{test} {code}"] = " / ".join(f"{100 * one.accuracy:.1f}" for one in found)
    row["processor seconds"] = seconds
    row["sentences a second"] = f"{speed(folder, tests(folders, 'tr')['NTREX']['tr']):,.0f}"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {**row, "MB": f"{size / 1e6:.1f}"}


def speed(folder: Path, text: Path) -> float:
    """Sentences that sentence-transformers turns into vectors in a second of processor time: the best of three."""
    from sentence_transformers import SentenceTransformer

    model, lines = SentenceTransformer(str(folder), device="cpu"), text.read_text(encoding="utf-8").split("\n")
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        model.encode(lines, batch_size=256, show_progress_bar=False)
        best = max(best, len(lines) / (time.process_time() - began))
    return best


def page(rows: list[Row]) -> None:
    """What is known so far."""
    about = str(__doc__).partition("\n\n    python")[0]
    how = "To English / from English: how often the nearest sentence is the translation, x 100, one seed."
    write("static", "Students without attention", [about, how, markdown(rows)], rows)


def main() -> None:
    """Train the students that are not there yet, and write the table."""
    options = parser(__doc__, "runs")
    options.add_argument(
        "--text", type=int, default=0, help="lines a language of which the teacher's vectors are learned"
    )
    options.add_argument("--width", type=int, default=256)
    given = options.parse_args()
    folders = Folders(given.models, given.data, given.out)
    teacher, rows = folders.models / "polyglot", []
    wanted = {
        "pairs": {},
        **({f"pairs, {given.text:,} lines": {"text": plain(folders, given.text)}} if given.text else {}),
        "the start alone": {"steps": 1, "learning_rate": 1e-9},
    }
    for name, more in wanted.items():
        out = folders.out / "static" / name.replace(" ", "-").replace(",", "")
        began = time.process_time()
        done = polydistill.static(teacher, parallel=pairs(folders), width=given.width, out=out, **more)
        spent = time.process_time() - began
        rows.append(measured(name, done.model, folders, f"{spent:.0f}" if spent > 5 else "done before"))
        page(rows)


if __name__ == "__main__":
    main()

"""The real encoders and texts that the benchmarks here read, which are not part of the project.

`--models DIR` holds `polyglot`, a multilingual encoder, and `english`, an English sentence encoder, as `transformers`
and `sentence-transformers` save them. `--data DIR` holds the sets in their own formats: `xnli/dev-XX.tsv`,
`mnli_subset/train.tsv`, `parallel/ntrex`, `parallel/tatoeba` and so on. `--out DIR` keeps the runs; those that are
finished are used again.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # where `measuring` is, which all benchmarks share

CODES = {
    "ar": "ara", "bg": "bul", "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "hi": "hin", "sw": "swa",
    "tr": "tur", "zh": "zho",
}  # fmt: skip
_NTREX = {"ar": "arb", "zh": "zho-CN"}
NEWS = (2016, 2017, 2018)


@dataclass(frozen=True)
class Folders:
    """Where things are."""

    models: Path
    data: Path
    out: Path

    def parallel(self, code: str) -> list[str]:
        """The corpora of English and a language: news, sentences of learners, and what else there is."""
        texts, three = self.data / "parallel", CODES[code]
        ntrex = texts / "ntrex"
        found = [f"{ntrex}/newstest2019-src.eng.txt,{ntrex}/newstest2019-ref.{_NTREX.get(code, three)}.txt"]
        if code == "sw":
            found.append(f"{texts}/globalvoices/GlobalVoices.en,{texts}/globalvoices/GlobalVoices.sw")
        else:
            found.append(f"{texts}/tatoeba/{three}-eng.eng,{texts}/tatoeba/{three}-eng.{three}")
        if code == "tr":
            news = texts / "newstest"
            found += [f"{news}/newstest{year}.en-tr.en,{news}/newstest{year}.en-tr.tr" for year in NEWS]
        return [f"en-{code}={one}" for one in found]

    def text(self, code: str) -> Path:
        """All plain text of a language in one file, for counting the pieces that it needs."""
        path = self.out / "text" / f"{code}.txt"
        if not path.is_file():
            of = CODES.keys() - {"en"} if code == "en" else {code}
            sides = {one.partition("=")[2].split(",")[code != "en"] for other in of for one in self.parallel(other)}
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [Path(side).read_text(encoding="utf-8").rstrip("\n") + "\n" for side in sorted(sides)]
            path.write_text("".join(lines), encoding="utf-8")
        return path

    def halves(self, code: str) -> tuple[Path, Path]:
        """XNLI dev in two halves: the first to learn from and to choose by, the second to test on."""
        paths = tuple(self.out / "xnli" / f"{half}-{code}.tsv" for half in ("first", "second"))
        head, *rows = (self.data / "xnli" / f"dev-{code}.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
        middle = len(rows) // 2
        for path, part in zip(paths, (rows[:middle], rows[middle:]), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([head, *part]) + "\n", encoding="utf-8")
        return paths[0], paths[1]


def parser(about: str | None, out: str) -> argparse.ArgumentParser:
    """The options that all of them have."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("--models", type=Path, required=True, help="folder with polyglot/ and english/")
    made.add_argument("--data", type=Path, required=True, help="folder with xnli/, mnli_subset/, parallel/ ...")
    made.add_argument("--out", type=Path, default=Path(out), help="folder of the runs")
    made.add_argument("--seeds", default="0", help="such as 0,1,2")
    return made

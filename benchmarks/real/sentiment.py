"""XD on sentiment of tweets (UMSAB): tuned on English tweets, then taken to seven languages without their labels.

    python benchmarks/real/sentiment.py --models DIR --data DIR --seeds 0,1,2

Learned from: 1,839 English tweets with labels; then, without labels, 1,839 tweets of each language (`text`: what the
teacher says of them), or news and sentences with their translations (`plain`, not for Italian and Portuguese), or
`both`. Scored on 324 other tweets a language, from which nothing is chosen. One thread; runs that are done are not
repeated.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from folders import CODES, Folders
from study import SAME, XD, Study, trimmed

import polydistill
from polydistill.jobs.run import Done

LANGUAGES = ("en", "ar", "de", "es", "fr", "hi", "it", "pt")
TRANSLATED = tuple(code for code in LANGUAGES[1:] if code in CODES)
LENGTH, SENTENCES = 64, 600
TUNING: dict[str, Any] = {"batch_size": 32, "learning_rate": 1e-4, "freeze_blocks": 6, "epochs": 3}
BOTH: dict[str, Any] = {**SAME, "max_length": LENGTH}


def small(folders: Folders) -> Path:
    """The polyglot with the pieces that these languages need: of translations, where there are any, and of tweets."""
    texts = {code: folders.text(code) if code in CODES else plain(folders, code) for code in LANGUAGES}
    return trimmed(folders, "polyglot-tweets", texts)


def plain(folders: Folders, code: str) -> Path:
    """The tweets to learn from, a line each."""
    path = folders.out / "text" / f"tweets-{code}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    _, *rows = (folders.data / "sentiment" / f"train-{code}.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
    path.write_text("".join(row.rpartition("\t")[0] + "\n" for row in rows), encoding="utf-8")
    return path


def tuned(folders: Folders, seed: int) -> Done:
    """Tuned on English; its scores are zero-shot in all other languages."""
    rows = folders.data / "sentiment"
    return polydistill.tune(
        small(folders), rows / "train-en.tsv", task="text", labels="negative,neutral,positive", seed=seed,
        test=rows / "dev-{lang}.tsv", test_langs=LANGUAGES, out=folders.out / f"tweets-tuned-{seed}", **TUNING, **BOTH,
    )  # fmt: skip


def distilled(folders: Folders, kind: str, seed: int, start: Path) -> Done:
    """The tuned model taken to the other languages in one way."""
    rows = folders.data / "sentiment"
    given: dict[str, Any] = {"anchor": rows / "train-en.tsv"}
    if kind in ("text", "both"):
        given["text"] = {code: plain(folders, code) for code in LANGUAGES[1:]}
    if kind in ("plain", "both"):
        given |= {"parallel": [one for code in TRANSLATED for one in folders.parallel(code)], "at_most": SENTENCES}
        given["sample"] = "random"
    return polydistill.xd(
        start, **given, test=rows / "dev-{lang}.tsv", test_langs=LANGUAGES, seed=seed,
        out=folders.out / f"tweets-{kind}-{seed}", **XD, **BOTH,
    )  # fmt: skip


SETTINGS = {"Tuning": TUNING, "XD": XD, "Both": BOTH}


def main(argv: Sequence[str] | None = None) -> None:
    """Do the runs, seed by seed, and write the table after each."""
    Study("real_sentiment", str(__doc__), LANGUAGES, tuned, distilled, ("text", "plain", "both"), SETTINGS).run(argv)


if __name__ == "__main__":
    main()

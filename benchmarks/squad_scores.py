"""Do our scores of answers equal SQuAD v1.1's rules, written a second time (tests/reference/squad.py), on real answers?

Command: python benchmarks/squad_scores.py --data DIR/xquad
For each language of XQuAD 500 answers by chance are said otherwise: words are dropped, added, doubled or swapped, case
is changed, articles and punctuation come and go, another part of the context is said, or nothing. Prints a Markdown
table: both scores by both ways, and on how many questions any score of the two ways differs.
"""

import argparse
import random
import sys
from pathlib import Path

import numpy as np

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import ANSWERS, LABEL
from polydistill.data.rows.sources import FileSource
from polydistill.results import f1_by_example
from polydistill.tasks import TASKS
from polydistill.tasks.answer_scores import matches, squad_normalised, word_counts

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from reference import squad

LANGUAGES = ("en", "es", "de", "tr")
ROWS = 500
CHANGES = ("drop", "add", "double", "swap", "upper", "title", "article", "punctuation", "elsewhere", "nothing", "same")


def perturbed(answer: str, context: str, rng: random.Random) -> str:
    """The answer, said a little or altogether otherwise."""
    words, change = answer.split(), rng.choice(CHANGES)
    at, others = rng.randrange(len(words)), context.split()
    if change == "elsewhere":
        start = rng.randrange(len(others))
        return " ".join(others[start : start + rng.randint(1, 8)])
    if change == "article":
        words.insert(at, rng.choice(("a", "An", "THE", "the")))
    elif change == "punctuation":
        words[at] = rng.choice("\"'(«.,-") + words[at] + rng.choice("\"')».,;!?—  ")
    made = {
        "drop": [*words[:at], *words[at + 1 :]],
        "add": [*words, rng.choice(others)],
        "double": [*words[: at + 1], *words[at:]],
        "swap": words[::-1],
        "upper": [word.upper() for word in words],
        "title": [word.title() for word in words],
        "nothing": [],
    }
    return "  ".join(made.get(change, words))


def compared(file: str, language: str, rows: int = ROWS, seed: int = 0) -> tuple[tuple[float, ...], int]:
    """Exact match and F1 by our code, then by the rules written again; and the questions that differ in any."""
    rng = random.Random(f"{seed}|{language}")
    asked = load_rows(FileSource(path=file), ANSWERS, [language]).rows[language]
    asked = asked.select(sorted(rng.sample(range(len(asked)), min(rows, len(asked)))))
    gold = [tuple(answers["text"]) for answers in asked[LABEL]]
    said = [perturbed(right[0], context, rng) for right, context in zip(gold, asked["context"], strict=True)]
    found, exact = TASKS["qa"].scores(language, [(one,) for one in said], gold)
    rules = squad.evaluate(said, gold)
    return (exact.value, found.value, *rules), sum(map(_differs, said, gold))


def _differs(said: str, gold: tuple[str, ...]) -> bool:
    f1 = float(f1_by_example(np.array([word_counts(said, gold, squad_normalised)]))[0])
    same = matches(said, gold, squad_normalised) == bool(squad.exact_match(said, gold))
    return not same or abs(f1 - float(squad.f1(said, gold))) > 1e-12


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of XQuAD")
    data = parser.parse_args().data
    if not data.is_dir():
        raise SystemExit(f"There is no folder {data}: name that of XQuAD's files, xquad.en.json and so on.")
    print("| language | questions | exact match | F1 | the rules: exact match | F1 | that differ |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for code in LANGUAGES:
        values, differ = compared(str(data / "xquad.{lang}.json"), code)
        print(f"| {code} | {ROWS} | " + " | ".join(f"{100 * value:.6f}" for value in values) + f" | {differ} |")


if __name__ == "__main__":
    main()

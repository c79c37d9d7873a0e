"""Reads every real set that the loaders have a layout for and prints how many rows each gave, as a Markdown table.

    python benchmarks/real_data_counts.py --data DIR

The sets are not part of the project: the folder must hold them in the benchmarks' own formats.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import ANSWERS, CHOICES, PAIR_OF_SENTENCES, PARAPHRASES, WORDS, Corpus
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.parallel import load_parallel
from polydistill.languages import language

XNLI = ["ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"]
NTREX = ["ar", "bg", "de", "el", "es", "eu", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"]
XCOPA = ["et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh"]
PAWSX, XQUAD = ["de", "en", "es", "fr", "ja", "ko", "zh"], ["de", "en", "es", "tr"]
ROW = "| {} | {} | {} | {} |"


def labelled(data: Path) -> Iterator[tuple[str, Corpus]]:
    """The sets of sentence pairs."""
    for name, file, languages in (
        ("XNLI dev", "xnli/dev-{lang}.tsv", XNLI),
        ("MultiNLI sample, train", "mnli_subset/train.tsv", ["en"]),
        ("MultiNLI sample, validation", "mnli_subset/validation.tsv", ["en"]),
        ("SNLI counterfactual, train", "snli_cad/train.tsv", ["en"]),
        ("SNLI counterfactual, dev", "snli_cad/dev.tsv", ["en"]),
        ("SNLI counterfactual, test", "snli_cad/test.tsv", ["en"]),
    ):
        yield name, load_rows(FileSource(path=str(data / file)), PAIR_OF_SENTENCES, languages)


def tagged(data: Path) -> Iterator[tuple[str, Corpus]]:
    """The sets of tagged words."""
    for part in ("train", "dev"):
        for code in ("en", "de", "tr", "sw"):
            source = FileSource(path=str(data / f"panx/{part}-{{lang}}.tsv"))
            yield f"WikiAnn {part}, {code}", load_rows(source, WORDS, [code])


def questions(data: Path) -> Iterator[tuple[str, Corpus]]:
    """The sets of questions; those of XCOPA are compared with the English ones."""
    english = data / "copa_en/val.en.jsonl"
    for name, file in (
        ("COPA train", data / "copa_en/train.en.jsonl"),
        ("COPA validation", english),
        ("SIQA dev", data / "siqa/socialIQa_v1.4_dev.jsonl"),
    ):
        yield name, load_rows(FileSource(path=str(file)), CHOICES, ["en"])
    for code in XCOPA:
        source = FileSource(path=str(data / "xcopa/{lang}/val.{lang}.jsonl"), questions=str(english))
        yield f"XCOPA validation, {code}", load_rows(source, CHOICES, [code])


def paraphrases(data: Path) -> Iterator[tuple[str, Corpus]]:
    """PAWS-X, whose languages lack different rows."""
    for code in PAWSX:
        yield f"PAWS-X dev, {code}", load_rows(FileSource(path=str(data / "pawsx/dev-{lang}.tsv")), PARAPHRASES, [code])


def answers(data: Path) -> Iterator[tuple[str, Corpus]]:
    """The sets of questions about contexts."""
    yield "XQuAD", load_rows(FileSource(path=str(data / "xquad/xquad.{lang}.json")), ANSWERS, XQUAD)
    gold = FileSource(path=str(data / "tydiqa/tydiqa.goldp.en.train.json"))
    yield "TyDi QA GoldP train, en", load_rows(gold, ANSWERS, ["en"])


def parallel(data: Path) -> Iterator[tuple[str, Corpus]]:
    """The sets of parallel text, each language with English."""
    for code in NTREX:
        yield f"NTREX-128 en-{code}", load_parallel(str(data / "parallel/ntrex/newstest2019-*.{lang}.txt"), "en", code)
    for name, folder in (("Tatoeba test", "tatoeba"), ("Tatoeba", "parallel/tatoeba")):
        for file in sorted((data / folder).glob("*-eng.eng")):
            other = file.stem.removeprefix("tatoeba.").removesuffix("-eng")
            code = language(other).code
            yield f"{name} en-{code}", load_parallel(str(file.with_suffix(".{lang}")), "en", code)
    yield "Global Voices en-sw", load_parallel(data / "parallel/globalvoices/GlobalVoices", "en", "sw")
    for code in ("hi", "sw"):
        yield f"TICO-19 en-{code}", load_parallel(data / f"parallel/tico19/tico19-test.en-{code}", "en", code)


def row(name: str, corpus: Corpus) -> str:
    """One line of the table."""
    counts, skipped = set(corpus.counts.values()), set(map(str, (dict(s) for s in corpus.skipped.values())))
    assert len(counts) == 1 and len(skipped) <= 1, (name, counts, skipped)
    left_out = next(iter(corpus.skipped.values()), {})
    put_right = next(iter(corpus.corrected.values()), {})
    reasons = ", ".join(f"{count:,} ({reason})" for reason, count in left_out.items()) or "0"
    reasons += "".join(f"; {count:,} put right ({reason})" for reason, count in put_right.items())
    return ROW.format(name, len(corpus.languages), f"{counts.pop():,}", reasons)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the real sets")
    data = parser.parse_args().data
    print(ROW.format("set", "languages", "rows in each", "left out"))
    print("|---|---:|---:|---:|")
    sets = (labelled, tagged, questions, paraphrases, answers, parallel)
    for name, corpus in (found for some in sets for found in some(data)):
        print(row(name, corpus))


if __name__ == "__main__":
    main()

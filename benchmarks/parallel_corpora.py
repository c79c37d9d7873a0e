"""Reads real parallel corpora as MMKD would, and counts what was read, dropped (by reason) and kept.

    OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python benchmarks/parallel_corpora.py --data DIR/parallel

The corpora are not part of the project. Lengths are counted by a tokenizer of 32,000 pieces learned on every fifth line
of them, or by `--tokenizer`; the filters are the paper's, with duplicates and untranslated text dropped too.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from measuring import Row, markdown, now, write
from polydistill.data.batches.counting import Tokens
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.corpora import Corpora, CorpusCount, ParallelCorpus, load_corpora, read_pairs
from polydistill.data.translations.filters import REASONS
from polydistill.languages import language
from polydistill.models.fresh import learn_tokenizer

PIECES, EVERY = 32_000, 5
NTREX = ("ar", "bg", "de", "el", "es", "eu", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


def corpora(data: Path) -> Iterator[tuple[str, ParallelCorpus]]:
    """Name and corpus, the small and clean ones of a pair of languages first."""
    for code in NTREX:
        yield "NTREX-128", corpus(data / "ntrex/newstest2019-*.{lang}.txt", code)
    for code in ("hi", "sw"):
        yield "TICO-19", corpus(data / f"tico19/tico19-test.en-{code}.{{lang}}", code)
    for file in sorted((data / "tatoeba").glob("*-eng.eng")):
        yield "Tatoeba", corpus(file.with_suffix(".{lang}"), language(file.stem.removesuffix("-eng")).code)
    yield "Global Voices", corpus(data / "globalvoices/GlobalVoices.{lang}", "sw")


def corpus(path: Path, code: str) -> ParallelCorpus:
    """English and one other language."""
    return ParallelCorpus(target=code, data=FileSource(path=str(path)))


def learned(wanted: Corpora) -> PreTrainedTokenizerBase:
    """A tokenizer of the texts themselves."""
    pairs = (read_pairs(source, languages) for source, languages in wanted.reads)
    lines = itertools.islice(itertools.chain.from_iterable(pairs), 0, None, EVERY)
    return learn_tokenizer(itertools.chain.from_iterable(lines), PIECES, 512)


def row(name: str, pair: str, counts: Sequence[CorpusCount]) -> Row:
    """One line: the sums over some corpora."""
    reasons = {reason: sum(count.dropped.get(reason, 0) for count in counts) for reason in REASONS}
    read, kept = (sum(numbers) for numbers in zip(*((count.read, count.kept) for count in counts), strict=True))
    numbers = {"read": read, **reasons, "kept": kept}
    return {"corpus": name, "languages": pair, **{what: f"{number:,}" for what, number in numbers.items()}}


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--tokenizer", help="what counts tokens: a model's folder, or a hub name that is in the cache")
    options = parser.parse_args()
    torch.set_num_threads(1)
    named = list(corpora(options.data))
    wanted = Corpora(corpora=tuple(one for _, one in named))
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer) if options.tokenizer else learned(wanted)
    began = now()
    counts = load_corpora(wanted, Tokens(tokenizer).counts).counts
    speed = sum(count.read for count in counts) / (now() - began)
    rows = [row(name, f"en-{count.target}", [count]) for (name, _), count in zip(named, counts, strict=True)]
    rows.append(row("all", "", counts))
    text = (
        "Command: `OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python benchmarks/parallel_corpora.py --data "
        "DIR/parallel`. Pairs of sides of 10 to 128 tokens are kept, each once, up to 2,000,000 of each; "
        f"each is dropped for the first reason that applies, from left to right. Tokens are those of "
        f"{options.tokenizer or f'a tokenizer of {PIECES:,} pieces learned on every fifth line'}. "
        f"{speed:,.0f} pairs a second, tokens counted."
    )
    write("parallel_corpora", "Parallel corpora: read, dropped and kept", [text, markdown(rows)], rows)


if __name__ == "__main__":
    main()

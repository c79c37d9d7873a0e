"""What trimming takes and what it costs: XLM-R base's shape at 30,000 pieces, and accuracy in the mini-world.

    polydistill table xd/3 --scale world --seeds 3                     # the models, hours on two cores
    OMP_NUM_THREADS=1 python benchmarks/trimming.py --runs runs

Shape: XLM-R base with random weights and a made-up Unigram vocabulary of 250,002 pieces, of which 30,000 stay.
Accuracy: models that XD has taught six languages are trimmed to English and Turkish at several budgets, by frequency
in 4,000 sentences of the train split, and scored on the test split. Differences are over seeds, by the paired
t test, and by seed over the rows, by McNemar's exact test.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForMaskedLM

from measuring import Row, markdown, timed, write
from polydistill import evaluate, trim
from polydistill.exports.trimming import Trimmed
from polydistill.models.bank import parameters_of
from polydistill.models.trimming.choosing import choose
from polydistill.models.trimming.network import needed, trimmed
from polydistill.models.trimming.vocabulary import vocabulary_of
from polydistill.papers.xd.scales import setting
from polydistill.papers.xd.tables import Systems
from polydistill.reports.significance import compare, mcnemar
from polydistill.results import MODEL, Score
from polydistill.training.store import Store

LANGUAGES = ("en", "tr")
TEXT, TEST = "world:?rows=2000", "world:?rows=1500&split=test"
PIECES, KEPT = 250_002, 30_000


def made_up_tokenizer() -> PreTrainedTokenizerFast:
    """As many pieces as XLM-R has, of random letters in two scripts."""
    generator = np.random.default_rng(0)
    special = [(name, 0.0) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    names: dict[str, None] = dict.fromkeys(["▁", *"abcdefghijklmnopqrstuvwxyz", *"абвгдежзийклмнопрстуфхцчшщ"])
    while len(names) < PIECES - len(special) - 1:
        first = ord("a") if len(names) % 2 else ord("а")
        letters = generator.integers(first, first + 26, size=generator.integers(2, 9))
        names["▁" * int(generator.integers(2)) + "".join(map(chr, letters))] = None
    vocabulary = [*special, *((name, -5.0 - at / PIECES) for at, name in enumerate(names)), ("<mask>", 0.0)]
    bare = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    bare.pre_tokenizer = pre_tokenizers.Metaspace()
    named = {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": "<mask>"}
    return PreTrainedTokenizerFast(tokenizer_object=bare, **{f"{role}_token": name for role, name in named.items()})


def shape() -> list[Row]:
    """Parameters of XLM-R base before and after, and seconds of each step."""
    network, tokenizer = XLMRobertaForMaskedLM(XLMRobertaConfig(vocab_size=PIECES)), made_up_tokenizer()
    vocabulary, done = vocabulary_of(tokenizer), {}
    counts = np.random.default_rng(1).zipf(1.3, PIECES)

    def chosen() -> None:
        done["kept"] = choose(vocabulary, counts, ("Latin",), "both", KEPT, needed(network))

    def cut() -> None:
        done["small"] = trimmed(network, done["kept"])

    def named() -> None:
        done["content"] = vocabulary.trimmed(done["kept"])

    seconds = [f"{timed(step):.1f}" for step in (chosen, cut, named)]
    sizes = [parameters_of([one]) for one in (network, done["small"])]
    assert len(done["content"]["model"]["vocab"]) == KEPT
    return [
        {"": "pieces", "before": f"{PIECES:,}", "after": f"{KEPT:,}"},
        {"": "parameters", "before": f"{sizes[0]:,}", "after": f"{sizes[1]:,}"},
        {"": "weights in fp32, MB", "before": f"{4e-6 * sizes[0]:,.0f}", "after": f"{4e-6 * sizes[1]:,.0f}"},
        {"": "seconds to choose, to cut weights, to cut the tokenizer", "before": "", "after": ", ".join(seconds)},
    ]


def accuracy(runs: Path, seeds: int, budgets: list[int | None]) -> list[Row]:
    """A row a budget; the first is the model as it is."""
    store, of = Store(runs), Systems(setting("world"), "XLM MLM+TLM")
    folders = [store.folder(of.xd(seed)) / MODEL for seed in range(seeds)]
    before = [scores(folder) for folder in folders]
    rows: list[Row] = [{"pieces": 800, **said(before), "unknown %": "", "difference": "", "by seed": ""}]
    for keep in budgets:
        with tempfile.TemporaryDirectory() as place:
            done = [
                trim(folder, LANGUAGES, [TEXT], keep=keep, by="frequency", out=Path(place) / str(seed))[0]
                for seed, folder in enumerate(folders)
            ]
            after = [scores(one.folder) for one in done]
        rows.append({"pieces": pieces(done), **said(after), "unknown %": unknown(done), **differences(before, after)})
        print(rows[-1], flush=True)
    return rows


def scores(folder: Path) -> tuple[Score, ...]:
    return evaluate(folder, TEST, LANGUAGES)


def said(found: list[tuple[Score, ...]]) -> Row:
    """The mean over the seeds, by language."""
    return {code: f"{100 * mean(one[at].value for one in found):.2f}" for at, code in enumerate(LANGUAGES)}


def pieces(done: list[Trimmed]) -> str:
    return "/".join(str(size) for size in sorted({one.report.pieces_after for one in done}))


def unknown(done: list[Trimmed]) -> str:
    counts = [one for report in done for one in report.report.fallback]
    return f"{100 * sum(one.unknown_after for one in counts) / sum(one.characters for one in counts):.2f}"


def differences(before: list[tuple[Score, ...]], after: list[tuple[Score, ...]]) -> Row:
    """Of the mean over the languages: over seeds, and over the rows of each."""

    def by_seed(found: list[tuple[Score, ...]]) -> dict[int, float]:
        return {seed: 100 * mean(score.value for score in one) for seed, one in enumerate(found)}

    def hits(one: tuple[Score, ...]) -> list[int]:
        return [int(hit) for score in one for hit in score.hits or ""]

    over = compare(by_seed(after), by_seed(before))
    rows = [mcnemar(hits(new), hits(old)) for new, old in zip(after, before, strict=True)]
    return {
        "difference": f"{over.difference:+.2f} ({over.low:+.2f} to {over.high:+.2f}), p = {over.p:.2g}: {over.verdict}",
        "by seed": "p = " + ", ".join(f"{p:.2g}" for p in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budgets", type=int, nargs="+", default=[400, 300, 200])
    options = parser.parse_args()
    torch.set_num_threads(1)
    large, world = shape(), accuracy(options.runs, options.seeds, [None, *options.budgets])
    write(
        "trimming",
        "Trimming",
        [
            "XLM-R base with random weights, a made-up vocabulary (seconds of one thread):",
            markdown(large),
            f"The mini-world: XD models of six languages, trimmed to {' and '.join(LANGUAGES)}; accuracy x 100, mean "
            f"of {options.seeds} seeds; unknown: characters of the text that was counted:",
            markdown(world),
        ],
        [*large, *world],
    )


if __name__ == "__main__":
    main()

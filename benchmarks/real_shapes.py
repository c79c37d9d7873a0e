"""What commands cost on real shapes, side by side with others: processor seconds and memory of a process of its own.

    python benchmarks/real_shapes.py [--works start,pairs] [--sizes 1,10,100] [--blocks 12] [--turns 3]

The model has XLM-R's vocabulary of 250,002 pieces, 12 blocks of 384 (or --blocks 6) and random weights; its text is
drawn from 30,000 made-up words, the frequent ones more often, so that anyone can run it and nothing is fetched. Every
work is done at several sizes, each in a fresh process of one thread, ours and the others' in turns. What a row costs
beyond the start is the difference of two sizes, divided by the rows between them: it stays the same where costs grow
linearly. With --add the page keeps what was measured before; --before SRC measures ours also as another state of the
project has it, such as a worktree of an earlier commit. Sentence distillation against sentence-transformers, XD
against TextBrewer and BERTScore against bert-score have benchmarks of their own.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from measuring import RESULTS, Row, markdown, write
from startup import PIECES, WIDTH, cost, make_models

LABELS = ("entailment", "neutral", "contradiction")
WORDS, SEED = 30_000, 0


class Reached(BaseException):
    """The first step is reached: nothing more is measured."""


def lines(count: int, longest: int, seed: int = SEED) -> list[str]:
    """Made-up sentences of 3 to `longest` words."""
    rng = np.random.default_rng([seed, longest])
    lengths = rng.integers(3, longest + 1, count)
    drawn = iter((WORDS ** rng.random(int(lengths.sum()))).astype(int).tolist())
    return [" ".join(f"w{one}" for one in itertools.islice(drawn, int(length))) for length in lengths]


def rows(count: int) -> list[dict[str, str]]:
    """Made-up pairs with a label."""
    both = zip(lines(count, 30), lines(count, 15), strict=True)
    return [
        {"premise": one, "hypothesis": other, "label": LABELS[at % len(LABELS)]} for at, (one, other) in enumerate(both)
    ]


def write_rows(place: Path, count: int) -> Path:
    """The same as a table."""
    file = place / "rows.tsv"
    text = "".join("\t".join(row.values()) + "\n" for row in rows(count))
    file.write_text("premise\thypothesis\tlabel\n" + text, encoding="utf-8")
    return file


def write_pairs(place: Path, count: int) -> None:
    """Sentences in text.en, and as many in text.de."""
    for seed, code in enumerate(("en", "de")):
        (place / f"text.{code}").write_text("\n".join(lines(count, 20, seed)) + "\n", encoding="utf-8")


def until_the_first_step(job: Callable[[], object]) -> None:
    """What a job does before it learns; no teacher reads."""
    from polydistill.training import execute
    from polydistill.training.distiller import Distiller

    def reached(*_: object, **__: object) -> None:
        raise Reached

    Distiller.train = reached  # type: ignore[method-assign]
    execute.settle = lambda *_: None
    with contextlib.suppress(Reached):
        job()


def start(model: Path, place: Path, count: int) -> None:
    """Ours: rows of a task until the first step."""
    import polydistill

    file = write_rows(place, count)
    until_the_first_step(
        lambda: polydistill.tune(model, train=file, langs="en", task="nli", batch_size=32, out=place / "out")
    )


def start_trainer(model: Path, place: Path, count: int) -> None:
    """`datasets.map` and `transformers.Trainer`, until the first batch."""
    next(iter(trainer(model, place, count, 1).get_train_dataloader()))


def trainer(model: Path, place: Path, count: int, steps: int) -> Any:
    """`transformers.Trainer` with dynamic padding, as its documentation has it."""
    from datasets import load_dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForSequenceClassification.from_pretrained(model)
    file, cache = str(write_rows(place, count)), str(place / "cache")
    table = load_dataset("csv", data_files=file, delimiter="\t", cache_dir=cache)["train"]

    def read(batch: dict[str, list[str]]) -> dict[str, Any]:
        read = tokenizer(batch["premise"], batch["hypothesis"], truncation=True, max_length=128)
        return {**read, "labels": [LABELS.index(one) for one in batch["label"]]}

    encoded = table.map(read, batched=True, remove_columns=table.column_names)
    arguments = TrainingArguments(
        output_dir=str(place / "trainer"), per_device_train_batch_size=32, max_steps=steps, save_strategy="no",
        use_cpu=True, report_to=[], disable_tqdm=True,
    )  # fmt: skip
    return Trainer(
        network, arguments, train_dataset=encoded, data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
    )  # fmt: skip


def pairs(model: Path, place: Path, count: int) -> None:
    """Ours: pairs of `align --method sentence` until the first step, filtered and encoded."""
    import polydistill

    write_pairs(place, count)
    text = [f"en-de={place}/text"]
    until_the_first_step(lambda: polydistill.align(model, model, method="sentence", parallel=text, out=place / "out"))


def pairs_by_hand(model: Path, place: Path, count: int) -> None:
    """The same, filtered by length, by a few lines: the floor."""
    import torch
    from transformers import AutoModel, AutoTokenizer, Trainer

    assert torch and Trainer, "imported, as whoever trains imports them"
    write_pairs(place, count)
    tokenizer, _, _ = AutoTokenizer.from_pretrained(model), *(AutoModel.from_pretrained(model) for _ in range(2))
    read = [(place / f"text.{code}").read_text(encoding="utf-8").splitlines() for code in ("en", "de")]
    kept = {both for both in zip(*read, strict=True) if both[0] != both[1]}
    sides = [tokenizer([both[at] for both in kept], truncation=True, max_length=128)["input_ids"] for at in (0, 1)]
    fit = [at for at, ids in enumerate(zip(*sides, strict=True)) if all(12 <= len(one) <= 128 for one in ids)]
    assert sides[0][fit[0]]
    tokenizer([both[0] for both in kept], truncation=True, max_length=128)  # as the teacher reads it


def predict(model: Path, place: Path, count: int, precision: str = "fp32") -> None:
    """Ours: what a model says of rows."""
    import polydistill

    del place
    asked = [(row["premise"], row["hypothesis"]) for row in rows(count)]
    assert len(list(polydistill.predict(model, asked, task="nli", precision=precision))) == count  # type: ignore[arg-type]


def predict_bf16(model: Path, place: Path, count: int) -> None:
    """Ours, in bf16 where that is found to pay."""
    predict(model, place, count, "bf16")


def predict_pipeline(model: Path, place: Path, count: int) -> None:
    """`pipeline`, in batches of 16."""
    from transformers import pipeline

    del place
    asked = [{"text": row["premise"], "text_pair": row["hypothesis"]} for row in rows(count)]
    assert len(pipeline("text-classification", str(model), batch_size=16)(asked)) == count


def tune(model: Path, place: Path, count: int) -> None:
    """Ours: steps of 32 rows (`count` rows in all)."""
    import polydistill

    polydistill.tune(
        model, train=write_rows(place, count), langs="en", task="nli", batch_size=32, steps=count // 32,
        checkpoint_every=10**6, out=place / "out",
    )  # fmt: skip


def tune_trainer(model: Path, place: Path, count: int) -> None:
    """The same by `transformers.Trainer`."""
    trainer(model, place, count, count // 32).train()


def trim(model: Path, place: Path, count: int) -> None:
    """Ours: pieces that occur in text stay."""
    import polydistill

    write_pairs(place, count // 2)
    polydistill.trim(model, "en,de", [f"{place}/text.{{lang}}"], out=place / "out")


def bertscore(model: Path, place: Path, count: int) -> None:
    """Ours: all sentences with all, by the last layer."""
    import polydistill

    write_pairs(place, count)
    polydistill.retrieve(model, f"{place}/text.{{lang}}", "de", similarity="bertscore", layers="last")


WORKS: dict[str, tuple[int, dict[str, Callable[[Path, Path, int], None]]]] = {
    "rows of a task, to the first step": (1000, {"ours": start, "datasets.map, Trainer": start_trainer}),
    "pairs of translations, to the first step": (1000, {"ours": pairs, "by hand": pairs_by_hand}),
    "predict": (160, {"ours": predict, "ours, bf16": predict_bf16, "pipeline": predict_pipeline}),
    "tuning": (64, {"ours": tune, "Trainer": tune_trainer}),
    "trim": (2000, {"ours": trim}),
    "BERTScore": (100, {"ours": bertscore}),
}
BEFORE = "ours, before"
SHORT = dict(zip(("start", "pairs", "predict", "tune", "trim", "bertscore"), WORKS, strict=True))


def measured(model: Path, work: str, contender: str, count: int, src: Path) -> tuple[float, float]:
    """Processor seconds and megabytes of one work in a process of its own."""
    arguments = ["--do", work, contender, str(count), "--models", str(model.parent)]
    return cost([sys.executable, str(Path(__file__).resolve()), *arguments], src)


def tables(taken: Sequence[Row]) -> list[Row]:
    """A row a work, contender and size: seconds, memory, and what a row costs beyond those of the size before."""
    found: dict[tuple[str, str], dict[int, list[Row]]] = {}
    for one in taken:
        found.setdefault((str(one["work"]), str(one["by"])), {}).setdefault(int(str(one["rows"])), []).append(one)
    shown: list[Row] = []
    for (work, name), sizes in found.items():
        fewer: tuple[int, float] | None = None
        for count, singles in sorted(sizes.items()):
            seconds = statistics.median(float(str(one["seconds"])) for one in singles)
            further = "" if fewer is None else f"{1000 * (seconds - fewer[1]) / (count - fewer[0]):.2f}"
            fewer = count, seconds
            most = max(float(str(one["MB"])) for one in singles)
            shown.append(
                {"work": work, "by": name, "rows": f"{count:,}", "s": f"{seconds:.1f}", "MB": f"{most:,.0f}",
                 "ms a further row": further, "times": len(singles)}
            )  # fmt: skip
    return shown


def main() -> None:
    """Measure and write the page, or do one work."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--works", default=",".join(SHORT), help=f"of {', '.join(SHORT)}")
    arguments.add_argument("--sizes", default="1,10,100", help="how many times as many rows")
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--blocks", type=int, default=12)
    arguments.add_argument("--models", type=Path, default=Path("runs/real-shapes"), help="where the model is kept")
    arguments.add_argument("--by", default="", help="only these, such as 'ours;by hand'")
    arguments.add_argument("--before", type=Path, help="the src folder of another state")
    arguments.add_argument("--add", action="store_true", help="add to what was measured before")
    arguments.add_argument("--do", nargs=3, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    model = make_models(given.models, given.blocks, onnx=False)[0]
    if given.do:
        work, contender, count = given.do
        with tempfile.TemporaryDirectory() as place:
            WORKS[work][1][contender](model, Path(place), int(count))
        return
    src = (Path(__file__).parents[1] / "src").resolve()
    if not given.add:
        (RESULTS / "real_shapes.json").unlink(missing_ok=True)
    for work in (SHORT[one] for one in given.works.split(",")):
        base, contenders = WORKS[work]
        names = [*contenders, *([BEFORE] if given.before else [])]
        names = [name for name in names if not given.by or name in given.by.split(";")]
        for _, size, name in itertools.product(range(given.turns), map(int, given.sizes.split(",")), names):
            state, told = (given.before.resolve(), "ours") if name == BEFORE else (src, name)
            seconds, most = measured(model, work, told, base * size, state)
            keep({"work": work, "by": name, "rows": base * size, "seconds": seconds, "MB": most}, given.blocks)


def keep(one: Row, blocks: int) -> None:
    """Add a measurement to the page: whoever stops in between loses none."""
    file = RESULTS / "real_shapes.json"
    taken = [*(json.loads(file.read_text(encoding="utf-8"))["measured"] if file.is_file() else ()), one]
    text = (
        "Processor seconds (user and system, median of several) and peak memory of a process of its own, one "
        f"thread; {PIECES:,} pieces, {blocks} blocks of {WIDTH}, random weights. All include starting Python, "
        "importing and loading the model; a further row does not."
    )
    write("real_shapes", "Real shapes", [text, markdown(tables(taken))], taken)


if __name__ == "__main__":
    main()

"""Plain sentence distillation against `sentence-transformers`: sentences per second, on the same models and text.

    OMP_NUM_THREADS=1 python benchmarks/sentence_distillation.py [--data DIR] [--pairs 640] [--turns 3]

It needs `pip install sentence-transformers`. Both train the same student, from the same weights, on the same pairs with
the same stored teacher vectors, for one pass of as many texts a step (both sides of 32 pairs), fused AdamW, mean
pooling; each as its documentation has it: `SentenceTransformerTrainer` with `MSELoss` and a `label` column, and a run
of ours. What is timed is all that comes after the models are loaded and the teacher has spoken: tokenising, batches,
training. The sentences are GlobalVoices' (English and Swahili) where the folder has them, else the mini-world's, under
a tokenizer learned on them.
"""

import argparse
import copy
import tempfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import sentence_transformers
import torch
from datasets import Dataset
from rich.console import Console
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MSELoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import PreTrainedModel, PrinterCallback, XLMRobertaConfig, XLMRobertaModel

from measuring import Row, interleaved, markdown, ratios, spread, write
from polydistill.data.batches.schedule import Schedule, padding_efficiency
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.data.translations.translations import load_pairs
from polydistill.methods.method import Models
from polydistill.methods.sentence import SentenceSpec
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from polydistill.starts.origins import Pretrained
from polydistill.training.execute import make_distiller
from polydistill.training.run import Run
from polydistill.training.settings import Training

PAIRS_A_STEP, MAX_LENGTH, PIECES, RATE = 32, 128, 8_000, 1e-4
OURS, THEIRS = "polydistill", "sentence-transformers"
Work = Callable[[], object]
SHAPES = {"4x128": (4, 128), "6x256": (6, 256)}


def spec_of(data: Path | None, pairs: int) -> SentenceSpec:
    """The pairs to learn from."""
    if data is not None:
        files = FileSource(path=str(data / "parallel/globalvoices/GlobalVoices.{lang}"), aligned=True, rows=pairs)
        return SentenceSpec(languages=("sw",), data=files, max_length=MAX_LENGTH)
    world = WorldSource(rows=pairs, mixed=True)
    return SentenceSpec(languages=("sw",), data=world, max_length=MAX_LENGTH)


def encoder(shape: str, pieces: int, seed: int) -> PreTrainedModel:
    """Random weights, which take as long as learned ones."""
    blocks, width = SHAPES[shape]
    torch.manual_seed(seed)
    return XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=pieces, hidden_size=width, num_hidden_layers=blocks, num_attention_heads=width // 64,
            intermediate_size=4 * width, max_position_embeddings=MAX_LENGTH + 2, type_vocab_size=1, pad_token_id=1,
        ),
        add_pooling_layer=False,
    )  # fmt: skip


def ours(spec: SentenceSpec, models: Models, steps: int) -> Work:
    """A run of ours; the teacher's vectors lie in the folder of signals."""
    start = Pretrained(name="in memory")
    training = Training(
        steps=steps, batch_size=2 * PAIRS_A_STEP, learning_rate=RATE, weight_decay=0.01, checkpoint_every=steps + 1
    )
    run = Run(name=OURS, method=spec, start=start, teacher=start, training=training)
    student = Loaded(copy.deepcopy(models.student.network), models.student.tokenizer)

    def work() -> None:
        prepared = spec.prepare(Models(student, models.teacher, models.signals), 0)
        with tempfile.TemporaryDirectory() as place:
            make_distiller(run, prepared, None, Path(place), Console(file=StringIO())).fit()

    return work


def theirs(rows: Dataset, folder: Path, place: Path, steps: int) -> Work:
    """Training as the documentation of `sentence-transformers` has it, from the folder of the same student."""
    reader = Transformer(str(folder), max_seq_length=MAX_LENGTH)
    student = SentenceTransformer(modules=[reader, Pooling(reader.get_embedding_dimension(), "mean")], device="cpu")
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(place), max_steps=steps, per_device_train_batch_size=PAIRS_A_STEP, learning_rate=RATE,
        lr_scheduler_type="constant", weight_decay=0.01, optim="adamw_torch_fused", save_strategy="no", report_to=[],
        disable_tqdm=True, use_cpu=True, dataloader_drop_last=True, logging_steps=steps,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(student, arguments, train_dataset=rows, loss=MSELoss(student))
    trainer.remove_callback(PrinterCallback)
    return trainer.train


def one_after_the_other(make: Callable[[], Work], times: int) -> Work:
    """Does, each time it is called, one of so many works that were made ready before."""
    ready = iter([make() for _ in range(times)])

    def work() -> object:
        return next(ready)()

    return work


def measure(shape: str, spec: SentenceSpec, folder: Path, turns: int) -> Row:
    """Both contenders at one shape."""
    pairs = load_pairs(spec, "the benchmark").pairs["sw"]
    tokenizer = learn_tokenizer([*pairs.source, *pairs.target], PIECES, MAX_LENGTH)
    student, teacher = (encoder(shape, len(tokenizer), seed) for seed in (0, 1))
    place = folder / shape
    student.save_pretrained(place)
    tokenizer.save_pretrained(place)
    models = Models(Loaded(student, tokenizer), Loaded(teacher, tokenizer), folder / "signals")
    (group,) = spec.prepare(models, 0).groups  # stores what the teacher says
    labels = group.values["signal"][np.arange(len(pairs.source))]
    rows = Dataset.from_dict({"english": list(pairs.source), "swahili": list(pairs.target), "label": labels.tolist()})
    steps = len(pairs.source) // PAIRS_A_STEP
    contenders = {
        OURS: one_after_the_other(lambda: ours(spec, models, steps), turns + 1),  # one to warm up
        THEIRS: one_after_the_other(lambda: theirs(rows, place, folder / "theirs", steps), turns + 1),
    }
    seconds = interleaved(contenders, turns)
    texts = 2 * steps * PAIRS_A_STEP
    filled = padding_efficiency(Schedule([group.lengths], 2 * PAIRS_A_STEP, steps, seed=0))
    faster = ratios(seconds, THEIRS, OURS)
    return {
        "student": shape,
        **{f"{name}, texts a second": f"{texts / float(np.median(took)):,.0f}" for name, took in seconds.items()},
        f"{OURS} is so many times as fast": spread(faster),
        "places that hold a token": f"{filled:.2f}",
        "mean tokens": f"{group.lengths.mean():.0f}",
        "seconds": seconds,
    }


def main() -> None:
    """Measure all shapes that are asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--pairs", type=int, default=640)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    given = parser.parse_args()
    spec = spec_of(given.data, given.pairs)
    load_text(spec.data, ("en", "sw"))  # says now what is wrong with the files
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(shape, spec, Path(folder), given.turns) for shape in given.shapes]
    shown = [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
    text = "GlobalVoices, English and Swahili" if given.data else "the mini-world, English and Swahili"
    said = (
        f"One pass over {given.pairs} pairs ({text}), {2 * PAIRS_A_STEP} texts a step, fp32, {given.turns} turns; "
        f"sentence-transformers {sentence_transformers.__version__} as its documentation has it, in random batches."
    )
    write("sentence_distillation", "Plain sentence distillation", [said, markdown(shown)], rows)


if __name__ == "__main__":
    main()

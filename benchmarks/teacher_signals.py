"""XD with a teacher that reads the originals at every step, against logits that it gave once and that are kept on disk.

    python benchmarks/teacher_signals.py [--turns 3] [--rows 320]

Each time is that of a whole run on the mini-world: reading rows, for stored logits the teacher's one reading of the
originals and the file, and training over one or three passes, into one language or into six. Teacher and student have
the same shape (4x128), as in XD. Batches hold rows of similar length of all that is read, so the two have not quite the
same batches.
"""

import argparse
import copy
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, interleaved, markdown, ratios, spread, write
from polydistill.data.batches.batches import Steps
from polydistill.data.batches.schedule import Batching, Schedule
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Models
from polydistill.methods.xd import XDSpec
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from polydistill.training.distiller import Distiller
from polydistill.training.settings import Training

LANGUAGES = ("en", "fr", "es", "de", "tr", "sw")
BATCH, MAX_LENGTH = 32, 64
LIVE, STORED = "teacher at every step", "stored logits (default)"


def polyglot(rows: int) -> Loaded:
    """A classifier with random weights, and a tokenizer of the mini-world."""
    corpus = load_text(WorldSource(rows=rows), LANGUAGES)
    tokenizer = learn_tokenizer((text for table in corpus.rows.values() for text in table["text"]), 800, MAX_LENGTH)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=128, num_hidden_layers=4, num_attention_heads=4, intermediate_size=512,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, max_position_embeddings=MAX_LENGTH + 2,
        type_vocab_size=1, num_labels=3,
    )  # fmt: skip
    torch.manual_seed(0)
    return Loaded(XLMRobertaForSequenceClassification(config), tokenizer)


def a_run(start: Loaded, stored: bool, languages: tuple[str, ...], rows: int, passes: int) -> None:
    """One training from `start`."""
    spec = XDSpec(languages=languages, data=WorldSource(rows=rows), max_length=MAX_LENGTH, store_teacher=stored)
    student, teacher = (Loaded(copy.deepcopy(start.network), start.tokenizer) for _ in range(2))
    steps = passes * len(languages) * (rows // BATCH)
    training = Training(steps=steps, batch_size=BATCH, learning_rate=1e-4, checkpoint_every=10**6)
    with tempfile.TemporaryDirectory() as folder:
        prepared = spec.prepare(Models(student, teacher, Path(folder) / "signals"), seed=0)
        in_turn = Batching(sampling="in-turn")  # so that all languages are passed over equally often
        schedule = Schedule([group.lengths for group in prepared.groups], BATCH, steps, 0, in_turn)
        steps_of = Steps(schedule, prepared.groups)
        Distiller(prepared.method, steps_of, training, Path(folder) / "run", seed=0).fit()


def measure(start: Loaded, languages: tuple[str, ...], passes: int, rows: int, turns: int) -> Row:
    """Seconds of both, turn by turn."""

    def of(stored: bool) -> Callable[[], None]:
        return lambda: a_run(start, stored, languages, rows, passes)

    seconds = interleaved({LIVE: of(False), STORED: of(True)}, turns, warm_up=0)
    return {"languages": len(languages), "passes": passes, "rows": rows, "seconds": seconds}


def table(found: list[Row]) -> list[Row]:
    """What was measured, to read."""
    return [
        {
            "target languages": one["languages"],
            "passes": one["passes"],
            "teacher at every step, s": spread(one["seconds"][LIVE], 1),
            "stored logits (default), s": spread(one["seconds"][STORED], 1),
            "stored / every step": spread(ratios(one["seconds"], STORED, LIVE)),
        }
        for one in found
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rows", type=int, default=320)
    options = parser.parse_args()
    torch.set_num_threads(1)
    start = polyglot(options.rows)
    cases = [(languages, passes) for languages in (("fr",), LANGUAGES) for passes in (1, 3)]
    a_run(start, True, ("fr",), 2 * BATCH, 1)  # to warm up
    found = [measure(start, languages, passes, options.rows, options.turns) for languages, passes in cases]
    text = (
        f"{options.rows} rows a language, batches of {BATCH}, one thread. Reading rows and filling the store included."
    )
    write("teacher_signals", "Stored teacher logits", [text, markdown(table(found))], found)


if __name__ == "__main__":
    main()

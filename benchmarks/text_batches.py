"""Steps of tokens from a stream: how much is padding, how fast they come, and what getting to a step costs.

    python benchmarks/text_batches.py [--texts 16000]

Texts are one to eight mini-world sentences in a row; steps have 16 inputs of up to 128 tokens. "By tokens" sorts a pool
by the number of tokens, which every process would have to count for all texts of the step; the stream sorts by
characters and so tokenises only its own.
"""

import argparse
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from measuring import Row, markdown, timed, write
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.batches.schedule import Batching, Schedule, padding_efficiency
from polydistill.data.batches.stream_steps import Share, StreamSteps, TextGroup
from polydistill.data.batches.streams import Texts, TextStream, open_texts
from polydistill.data.rows.sources import WorldSource
from polydistill.models.fresh import learn_tokenizer

ROWS, LENGTH = 16, 128


@dataclass(frozen=True)
class Corpus:
    texts: list[str]
    tokenizer: PreTrainedTokenizerBase

    def steps(self, pool: int, packed: bool) -> StreamSteps:
        """About one epoch of steps."""
        texts = Texts("corpus", [lambda: iter(self.texts)], (0,), 10_000)
        group = TextGroup("en", texts, self.tokenizer, LENGTH, packed)
        count = len(self.texts) // ROWS // (3 if packed else 1)
        return StreamSteps([group], Share(ROWS), count, 0, Batching(pool=pool))


def made(count: int) -> Corpus:
    sentences = list(open_texts(TextStream(source=WorldSource(rows=2_000)), "en", 0).epoch(0))
    rng = Random(0)
    texts = [" ".join(rng.choices(sentences, k=rng.choice((1, 1, 2, 3, 5, 8)))) for _ in range(count)]
    return Corpus(texts, learn_tokenizer(sentences, 2_000, LENGTH))


def row(corpus: Corpus, name: str, pool: int, packed: bool) -> Row:
    whole, tokens, places = corpus.steps(pool, packed), 0, 0

    def read() -> None:
        nonlocal tokens, places
        for batch in whole:
            tokens += int(batch["text"]["attention_mask"].sum())
            places += batch["text"]["attention_mask"].numel()

    seconds, last = timed(read), len(whole) - 1
    fresh, resumed = corpus.steps(pool, packed), corpus.steps(pool, packed)
    resumed.load_state_dict(whole.state_dict())
    return {
        "inputs": name,
        "places that hold a token": f"{tokens / places:.3f}",
        "tokens a second": f"{tokens / seconds:,.0f}",
        "steps": f"{len(whole):,}",
        "all steps (s)": f"{seconds:.2f}",
        "to the last, without state (s)": f"{timed(lambda: fresh[last]):.2f}",
        "with it (s)": f"{timed(lambda: resumed[last]):.2f}",
    }


def by_tokens(corpus: Corpus) -> float:
    """Places that hold a token in one epoch, where pools are sorted by tokens."""
    lengths = encode_texts(corpus.tokenizer, corpus.texts, None, LENGTH).lengths
    return padding_efficiency(Schedule([np.asarray(lengths)], ROWS, len(lengths) // ROWS, 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=16_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus = made(options.texts)
    rows = [
        row(corpus, name, pool, packed)
        for name, pool, packed in (
            ("one text each, in pools of 50 batches", 50, False),
            ("one text each, as they come", 1, False),
            ("packed", 50, True),
        )
    ]
    text = (
        f"Command: `python benchmarks/text_batches.py --texts {options.texts}`. {options.texts:,} texts, steps of "
        f"{ROWS} inputs of up to {LENGTH} tokens, one process. Sorted by tokens instead of characters, pools of "
        f"50 batches would have {by_tokens(corpus):.3f} of their places filled."
    )
    write("text_batches", "Steps from a stream of text", [text, markdown(rows)], rows)


if __name__ == "__main__":
    main()

"""What a multilingual vocabulary costs in every step: 250,002 embedding rows by optimiser, against 30,000 rows.

    OMP_WAIT_POLICY=passive python benchmarks/optimiser_and_vocabulary.py [--width 256] [--turns 5]

A tuning step (forward, backward, clipping, optimiser) of a 4-block encoder on 8 rows of 64 tokens, drawn from all
250,002 or from 30,000 pieces. Width is cut from XLM-R's 768 for memory's sake, and the encoder with it. `sparse rows`
is `Embedding(sparse=True)` with SparseAdam: only rows of the batch are touched, which is another optimiser (a row's
momentum acts only when the row is read, and there is no weight decay). `only rows in use` is what runs do: the data has
30,000 different pieces of the 250,002, and only their rows learn, with the same result bit for bit.
"""

import argparse
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, in_ms, interleaved, markdown, ratios, spread, write
from polydistill.methods.tuning import Tuning
from polydistill.models.polyglot import Polyglot
from polydistill.models.used_rows import UsedRows

FULL, TRIMMED = 250_002, 30_000
BATCH, TOKENS, STEPS = 8, 64, 3
BASE = f"{TRIMMED:,} rows, fused AdamW"
Optimisers = list[torch.optim.Optimizer]


def method_of(vocabulary: int, width: int, sparse: bool) -> Tuning:
    """A classifier with this many embedding rows."""
    config = XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=width, num_hidden_layers=4, num_attention_heads=width // 32,
        intermediate_size=4 * width, max_position_embeddings=514, type_vocab_size=1, num_labels=3,
    )  # fmt: skip
    network = XLMRobertaForSequenceClassification(config)
    network.base_model.embeddings.word_embeddings.sparse = sparse
    return Tuning(Polyglot(network)).train()


def stepper(
    method: Tuning, optimisers: Optimisers, vocabulary: int, clip: Callable[[Tuning], object]
) -> Callable[[], None]:
    """Some steps, each on new random ids below `vocabulary`."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.ones(BATCH, TOKENS, dtype=torch.int64)
    labels = torch.randint(3, (BATCH,), generator=generator)

    def steps() -> None:
        for _ in range(STEPS):
            ids = torch.randint(5, vocabulary, (BATCH, TOKENS), generator=generator)
            method({"input_ids": ids, "attention_mask": mask}, labels).total.backward()
            clip(method)
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad()

    return steps


def dense(vocabulary: int, width: int, **kernel: bool) -> Callable[[], None]:
    """AdamW over everything, in one of PyTorch's three ways."""
    method = method_of(vocabulary, width, sparse=False)
    optimiser = torch.optim.AdamW(method.parameters(), lr=1e-5, weight_decay=0.0, **kernel)
    return stepper(method, [optimiser], vocabulary, lambda it: nn.utils.clip_grad_norm_(it.parameters(), 1.0))


def rows_in_use(vocabulary: int, width: int, used: int) -> Callable[[], None]:
    """Fused AdamW over the rows that occur and the rest of the encoder."""
    method = method_of(vocabulary, width, sparse=False)
    network = method.student.network
    network.set_input_embeddings(UsedRows(network.get_input_embeddings(), torch.arange(used)))
    optimiser = torch.optim.AdamW(method.parameters(), lr=1e-5, weight_decay=0.0, fused=True)
    return stepper(method, [optimiser], used, lambda it: nn.utils.clip_grad_norm_(it.parameters(), 1.0))


def sparse_rows(vocabulary: int, width: int) -> Callable[[], None]:
    """SparseAdam for the embedding rows, fused AdamW for the rest."""
    method = method_of(vocabulary, width, sparse=True)
    rows = method.student.network.base_model.embeddings.word_embeddings.weight
    rest = [parameter for parameter in method.parameters() if parameter is not rows]
    optimisers: Optimisers = [
        torch.optim.SparseAdam([rows], lr=1e-5),
        torch.optim.AdamW(rest, lr=1e-5, weight_decay=0.0, fused=True),
    ]
    return stepper(method, optimisers, vocabulary, lambda _: clip_with_rows(rows, rest, 1.0))


def clip_with_rows(rows: nn.Parameter, rest: list[nn.Parameter], limit: float) -> None:
    """What `clip_grad_norm_` does, for a gradient of which only some rows are stored."""
    rows.grad = rows.grad.coalesce()
    values: list[Tensor] = [rows.grad._values(), *(parameter.grad for parameter in rest)]
    norm = torch.stack([value.norm() for value in values]).norm()
    torch._foreach_mul_(values, (limit / (norm + 1e-6)).clamp(max=1.0))


def contenders(width: int) -> dict[str, Callable[[], None]]:
    """All, by name."""
    return {
        BASE: dense(TRIMMED, width, fused=True),
        f"{FULL:,} rows, AdamW, one tensor at a time": dense(FULL, width, foreach=False, fused=False),
        f"{FULL:,} rows, AdamW, `foreach`": dense(FULL, width, foreach=True),
        f"{FULL:,} rows, fused AdamW": dense(FULL, width, fused=True),
        f"{FULL:,} rows, fused AdamW, only rows in use (default)": rows_in_use(FULL, width, TRIMMED),
        f"{FULL:,} rows, sparse rows with SparseAdam": sparse_rows(FULL, width),
    }


def table(found: list[Row]) -> list[Row]:
    """What was measured, to read."""
    return [
        {
            "width": one["width"],
            "threads": one["threads"],
            "step": name,
            "ms": in_ms(seconds, STEPS),
            f"time / {TRIMMED:,} rows": spread(ratios(one["seconds"], name, BASE)),
        }
        for one in found
        for name, seconds in one["seconds"].items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    some = contenders(options.width)
    found: list[Row] = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        seconds = interleaved(some, options.turns)
        found.append({"width": options.width, "threads": threads, "seconds": seconds})
    text = f"A step on {BATCH} rows of {TOKENS} tokens, 4 blocks, clipping included."
    write("optimiser_and_vocabulary", "Optimiser and vocabulary", [text, markdown(table(found))], found)


if __name__ == "__main__":
    main()

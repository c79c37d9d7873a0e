"""What `torch.set_float32_matmul_precision("medium")` does here to speed and error, and what the probe says of it.

    OMP_WAIT_POLICY=passive python benchmarks/matmul_precision.py [--turns 15]

On some processors the switch picks another library's fp32 product, which is faster at the same error; on others it
computes in bf16, with an error near 2e-3. The products are those of a linear layer and its two backward products at the
shapes of the mini polyglot and of XLM-R base; the error is that of the forward product against float64. A whole
training step of each shape shows how much of the gain arrives.
"""

import argparse
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, in_ms, interleaved, markdown, ratios, spread, write
from polydistill.training.numerics import probe, relative_error

KERNELS = ("highest", "medium")
PROBES = 3
PRODUCTS = (  # name, tokens, features in, features out
    ("mini polyglot, attention", 768, 128, 128),
    ("mini polyglot, feed-forward", 768, 128, 512),
    ("XLM-R base, attention", 512, 768, 768),
    ("XLM-R base, feed-forward", 512, 768, 3072),
)
STEPS = (("mini polyglot, step", 4, 128, 32, 24), ("XLM-R base, step of 2 of its 12 blocks", 2, 768, 8, 64))


def with_kernel(kernel: str, work: Callable[[], object], times: int) -> Callable[[], None]:
    """`work`, several times, under a kernel."""

    def run() -> None:
        torch.set_float32_matmul_precision(kernel)
        for _ in range(times):
            work()

    return run


def product(tokens: int, inside: int, outside: int) -> tuple[Callable[[], object], Callable[[], float]]:
    """The three products of a linear layer, and the relative error of the first."""
    generator = torch.Generator().manual_seed(0)
    x, weight, gradient = (
        torch.randn(*shape, generator=generator) for shape in ((tokens, inside), (outside, inside), (tokens, outside))
    )

    def products() -> tuple[Tensor, Tensor, Tensor]:
        return x @ weight.T, gradient @ weight, gradient.T @ x

    return products, lambda: relative_error(x, weight.T)


def training_step(blocks: int, width: int, rows: int, tokens: int) -> Callable[[], object]:
    """Forward and backward of an encoder."""
    config = XLMRobertaConfig(
        vocab_size=800, hidden_size=width, num_hidden_layers=blocks, num_attention_heads=width // 32,
        intermediate_size=4 * width, max_position_embeddings=514, type_vocab_size=1, num_labels=3,
    )  # fmt: skip
    network = XLMRobertaForSequenceClassification(config)
    ids = torch.randint(5, 800, (rows, tokens))

    def step() -> None:
        network.zero_grad()
        network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.square().mean().backward()

    return step


def measure(name: str, work: Callable[[], object], times: int, turns: int) -> Row:
    """Seconds under both kernels."""
    seconds = interleaved({kernel: with_kernel(kernel, work, times) for kernel in KERNELS}, turns, warm_up=2)
    return {"name": name, "threads": torch.get_num_threads(), "times": times, "seconds": seconds, "error": {}}


def errors(error: Callable[[], float]) -> dict[str, float]:
    """The error under both kernels."""
    found = {}
    for kernel in KERNELS:
        torch.set_float32_matmul_precision(kernel)
        found[kernel] = error()
    return found


def table(found: list[Row]) -> list[Row]:
    """What was measured, to read."""
    return [
        {
            "what": one["name"],
            "threads": one["threads"],
            "highest, ms": in_ms(one["seconds"]["highest"], one["times"]),
            "medium, ms": in_ms(one["seconds"]["medium"], one["times"]),
            "highest / medium": spread(ratios(one["seconds"], "highest", "medium")),
            **{f"error, {kernel}": f"{one['error'][kernel]:.1e}" if one["error"] else "" for kernel in KERNELS},
        }
        for one in found
    ]


def probed(threads: int, width: int) -> Row:
    """What the probe chooses for an encoder of this width."""
    tries = [probe(width) for _ in range(PROBES)]
    return {
        "width": width,
        "threads offered": threads,
        "threads chosen": ", ".join(str(one.threads) for one in tries),
        "product chosen": ", ".join(one.matmul for one in tries),
        "highest / medium": spread([one.speedup for one in tries]),
        "error of medium": f"{tries[0].error:.1e}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    found: list[Row] = []
    said: list[Row] = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        said.extend(probed(threads, width) for width in (128, 768))
        for name, *shape in PRODUCTS:
            work, error = product(*shape)
            found.append({**measure(name, work, 10, turns), "error": errors(error)})
        for name, *shape in STEPS:
            found.append(measure(name, training_step(*shape), 1, turns))
    heading = f"What the probe at the start of a run chose, in {PROBES} tries each:"
    parts = [heading, markdown(said), "The products and steps themselves:", markdown(table(found))]
    write("matmul_precision", "fp32 products", parts, found)


if __name__ == "__main__":
    main()

"""A training step of an MBLM against one of its single model, and branches side by side against one after the other.

    OMP_WAIT_POLICY=passive python benchmarks/mblm_speed.py [--turns 8] [--blocks 12] [--width 256]

Three branches of four blocks, as in the paper. A step is forward, loss, backward and fused AdamW; `with a teacher` has
a teacher of the student's size in the step, whose logits are not stored. Of a block an MBLM's step takes forward and
backward (3 units) on the way of the batch's language, and forward alone (1 unit) in the other branches: the FLOP ratio.
"""

import argparse
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel, XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, in_ms, interleaved, markdown, ratios, spread, write
from polydistill.models.frozen import Frozen
from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.logits import hinton

LANGUAGES, DEEP = ("en", "fr", "zh"), 4
ROWS, TOKENS, PIECES = 32, 48, 1_000
SINGLE, MBLM = "single", "MBLM"


def encoder(blocks: int, width: int) -> PreTrainedModel:
    """A classifier with random weights; its vocabulary is small, for it is the blocks that are measured."""
    config = XLMRobertaConfig(
        vocab_size=PIECES, hidden_size=width, num_hidden_layers=blocks, num_attention_heads=width // 64,
        intermediate_size=4 * width, max_position_embeddings=TOKENS + 2, type_vocab_size=1, num_labels=3,
    )  # fmt: skip
    return XLMRobertaForSequenceClassification(config)


def step(network: PreTrainedModel, teacher: Frozen | None) -> Callable[[], None]:
    """Takes a training step; the languages come in turn."""
    student = Polyglot(network.train())
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-5, fused=True)
    ids = torch.randint(2, PIECES, (ROWS, TOKENS))
    lengths = torch.linspace(TOKENS - 8, TOKENS, ROWS).long()  # rows of a length group
    inputs = {"input_ids": ids, "attention_mask": (torch.arange(TOKENS) < lengths[:, None]).long()}
    stored, taken = torch.randn(ROWS, 3), 0

    def one() -> None:
        nonlocal taken
        language = LANGUAGES[taken % len(LANGUAGES)]
        taken += 1
        taught = stored if teacher is None else teacher(inputs, language).logits_BC
        optimiser.zero_grad()
        hinton(student(inputs, language).logits_BC, taught, 8.0, "cross_entropy").backward()
        optimiser.step()

    return one


def steps(blocks: int, width: int, turns: int, teacher: bool) -> Row:
    """Both contenders, turn by turn."""
    torch.manual_seed(0)
    base = encoder(blocks, width)
    reading = Frozen(Polyglot(encoder(blocks, width))) if teacher else None
    mblm = branched(base, Branches(languages=LANGUAGES, blocks=DEEP))
    seconds = interleaved({SINGLE: step(base, reading), MBLM: step(mblm, reading)}, turns)
    units = (4 if teacher else 3) * blocks
    flops = (units + (len(LANGUAGES) - 1) * DEEP) / units
    shape = f"{blocks}x{width}"
    return {"shape": shape, "teacher": teacher, "flops": flops, "weights": _weights(mblm, base), "seconds": seconds}


def _weights(one: nn.Module, other: nn.Module) -> float:
    """How many times as many weights, without the embeddings."""
    sizes = [sum(value.numel() for name, value in of.named_parameters() if "embed" not in name) for of in (one, other)]
    return sizes[0] / sizes[1]


def products(width: int, turns: int) -> Row:
    """The products of a block of two branches that do not learn: a product a branch, or both as one batched product."""
    shapes = [(width, width)] * 4 + [(width, 4 * width), (4 * width, width)]
    weights = [[torch.randn(out, into) for into, out in shapes] for _ in range(2)]
    stacked = [torch.stack(pair).transpose(1, 2).contiguous() for pair in zip(*weights, strict=True)]
    inputs = {into: torch.randn(2, ROWS * TOKENS, into) for into in (width, 4 * width)}

    def apart() -> list[Tensor]:
        return [F.linear(inputs[one.shape[1]][at], one) for at in range(2) for one in weights[at]]

    def together() -> list[Tensor]:
        return [torch.bmm(inputs[one.shape[1]], one) for one in stacked]

    with torch.no_grad():
        return {"width": width, "seconds": interleaved({"apart": apart, "batched": together}, 5 * turns)}


def table(found: list[Row]) -> list[Row]:
    """What was measured, to read."""
    rows = []
    for one in found:
        took = ratios(one["seconds"], MBLM, SINGLE)
        rows.append(
            {
                "blocks x width": one["shape"],
                "teacher in the step": "yes" if one["teacher"] else "no (logits stored)",
                "single, ms": in_ms(one["seconds"][SINGLE]),
                "MBLM, ms": in_ms(one["seconds"][MBLM]),
                "MBLM / single": spread(took),
                "FLOP ratio": f"{one['flops']:.2f}",
                "time ratio / FLOP ratio": spread([value / one["flops"] for value in took]),
                "weights of blocks and head": f"{one['weights']:.2f}x",
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--width", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = [steps(options.blocks, options.width, options.turns, teacher) for teacher in (False, True)]
    bare = products(options.width, options.turns)
    text = f"{ROWS} rows of {TOKENS} tokens, {len(LANGUAGES)} branches of {DEEP} blocks, fp32, one thread."
    said = (
        "The products of a block of two branches that do not learn, as one batched product a layer against one product "
        f"a branch and layer: {spread(ratios(bare['seconds'], 'batched', 'apart'))} of the time."
    )
    write("mblm_speed", "A training step of an MBLM", [text, markdown(table(found)), said], [*found, bare])


if __name__ == "__main__":
    main()

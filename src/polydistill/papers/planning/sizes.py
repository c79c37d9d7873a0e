"""How large models and texts are: what an encoder has to multiply for a row, and how many bytes it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from polydistill.errors import unknown
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.transfer_tuning import TransferTuneSpec
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.run import Branched, Cut, ResultOf, Run, Start

WORLD_TOKENS = 18  # a row of the mini-world, with the signs around it; measured
SENTENCE_TOKENS = 10  # a sentence of the mini-world; measured
PARALLEL_TOKENS = 37  # a sentence of NTREX (English); see below
TOKENS: Mapping[str, int] = {  # a row that is read; 154 characters a pair in XNLI dev are 45 tokens, so are others
    "nli": 45,
    "stars": 62,  # MARC: assumed, some 210 characters with title and category; the set was not at hand
    "ner": 13,  # WikiAnn dev
    "choice": 112,  # SIQA dev, all three answers
    "paraphrase": 34,  # PAWS-X dev
    "qa": 254,  # XQuAD
}
BYTES = 4  # a weight as published, fp32


@dataclass(frozen=True)
class Architecture:
    """The sizes that decide what an encoder costs."""

    blocks: int
    width: int
    vocabulary: int
    beside: int = 0
    """Blocks of other branches, which read every text too, and learn nothing from it."""

    @property
    def multiplied(self) -> int:
        """Weights of the blocks: 4 width^2 of attention and 8 width^2 of the feed-forward part in each."""
        return 12 * (self.blocks + self.beside) * self.width**2

    @property
    def bytes(self) -> int:
        """Size of its file."""
        return BYTES * (self.multiplied + self.vocabulary * self.width)

    def reading(self, texts: float, tokens: float) -> float:
        """FLOPs of reading so many texts of so many tokens."""
        return texts * tokens * (2 * self.multiplied + 4 * (self.blocks + self.beside) * self.width * tokens)

    def learning(self, texts: float, tokens: float) -> float:
        """FLOPs of learning from them: reading, and twice that backward through all blocks that learn."""
        return self.reading(texts, tokens) + 2 * replace(self, beside=0).reading(texts, tokens)


ARCHITECTURES: dict[str, Architecture] = {  # from their published configurations
    "FacebookAI/xlm-roberta-base": Architecture(12, 768, 250_002),
    "FacebookAI/xlm-roberta-large": Architecture(24, 1024, 250_002),
    "google-bert/bert-base-multilingual-cased": Architecture(12, 768, 119_547),
    "google-bert/bert-base-cased": Architecture(12, 768, 28_996),
    "FacebookAI/roberta-large": Architecture(24, 1024, 50_265),
    "almanach/camembert-large": Architecture(24, 1024, 32_005),
    "hfl/chinese-roberta-wwm-ext-large": Architecture(24, 1024, 21_128),
    "FacebookAI/xlm-mlm-xnli15-1024": Architecture(12, 1024, 95_000),
    "FacebookAI/xlm-mlm-tlm-xnli15-1024": Architecture(12, 1024, 95_000),
}
HUB_BYTES = {"facebook/xnli": 64_000_000}  # a language: its card says 964 MB for all fifteen


def origin(start: Start) -> Fresh | Pretrained:
    """The encoder that a chain of runs goes back to."""
    if isinstance(start, Cut | Branched):
        return origin(start.of)
    return origin(start.run.start) if isinstance(start, ResultOf) else start


def architecture(start: Start) -> Architecture:
    """The sizes of what a run starts from."""
    if isinstance(start, ResultOf):
        return learner(start.run)
    if isinstance(start, Cut):
        return replace(architecture(start.of), blocks=start.depth)
    if isinstance(start, Branched):
        branches = start.branches
        return replace(architecture(start.of), beside=(len(branches.languages) - 1) * branches.blocks)
    if isinstance(start, Fresh):
        return Architecture(start.blocks, start.width, start.vocabulary)
    if start.name not in ARCHITECTURES:
        raise unknown("model to plan for", start.name, ARCHITECTURES)
    return ARCHITECTURES[start.name]


def learner(run: Run) -> Architecture:
    """The sizes of what a run trains: of what it starts from, unless it makes smaller students of that."""
    start = architecture(run.start)
    if isinstance(run.method, MonolingualSpec):
        return Architecture(run.method.depth, run.method.width or start.width, start.vocabulary)
    if isinstance(run.method, TransferTuneSpec):
        return replace(start, blocks=start.blocks + run.method.strategy.added_blocks)
    return start

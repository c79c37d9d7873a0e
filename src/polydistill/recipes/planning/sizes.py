"""How large things are: what an encoder has to multiply, and how many rows a source has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from polydistill.data.load import load_rows
from polydistill.data.rows import RowShape
from polydistill.data.sources import FileSource, HubSource, Source
from polydistill.errors import unknown
from polydistill.methods.monolingual import Monolingual
from polydistill.methods.transfer_tuning import TransferTune
from polydistill.training.origins import Branched, Cut, Fresh, Pretrained, ResultOf, Start
from polydistill.training.run import Run

TOKENS = {
    "world": 18,
    "hub": 45,
}  # a pair: measured for the mini-world; 154 characters a pair in XNLI dev, about 4 a token
SENTENCE_TOKENS = 10  # of the mini-world, with the two signs around it; measured
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
    "FacebookAI/roberta-large": Architecture(24, 1024, 50_265),
    "almanach/camembert-large": Architecture(24, 1024, 32_005),
    "hfl/chinese-roberta-wwm-ext-large": Architecture(24, 1024, 21_128),
    "FacebookAI/xlm-mlm-xnli15-1024": Architecture(12, 1024, 95_000),
    "FacebookAI/xlm-mlm-tlm-xnli15-1024": Architecture(12, 1024, 95_000),
}
HUB_ROWS: dict[str, dict[str, int]] = {"facebook/xnli": {"train": 392_702, "validation": 2_490, "test": 5_010}}
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
    if isinstance(run.method, Monolingual):
        return Architecture(run.method.depth, run.method.width or start.width, start.vocabulary)
    if isinstance(run.method, TransferTune):
        return replace(start, blocks=start.blocks + run.method.strategy.added_blocks)
    return start


def row_count(source: Source, shape: RowShape, languages: Sequence[str]) -> int:
    """Rows of all these languages: as many as are asked for or a card says, else as many as the files have."""
    if source.rows is not None:
        return source.rows * len(languages)
    if isinstance(source, HubSource) and source.split in HUB_ROWS.get(source.name, {}):
        return HUB_ROWS[source.name][source.split] * len(languages)
    if isinstance(source, FileSource):
        return _rows_of_files(source.model_dump_json(), shape, tuple(languages))
    raise ValueError(f"Cannot plan with {source}: its number of rows is not known here. Set `rows` to say it.")


@cache
def _rows_of_files(source: str, shape: RowShape, languages: tuple[str, ...]) -> int:
    return sum(load_rows(FileSource.model_validate_json(source), shape, languages).counts.values())

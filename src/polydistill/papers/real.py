"""What recipes of the scale `real` read: encoders and benchmarks in sizes that one core can do.

They are the hub's, or lie in folders: `models` holds `polyglot`, a multilingual encoder, and
`english`, an English sentence encoder; `data` holds the sets in their
own formats (docs/real.md lists the files). What has to be made of them first, the polyglot without the pieces that the
languages do not need, is made once, beside the runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polydistill.data.files.paths import find_files
from polydistill.data.rows.sources import FileSource, Source
from polydistill.errors import DataError, unknown
from polydistill.exports.trimming import trimmed_models
from polydistill.methods.tuning import TuneSpec
from polydistill.models.cut import cut
from polydistill.models.layers import blocks
from polydistill.objectives.layer_maps import resolve
from polydistill.papers.scales import xnli
from polydistill.specs import hashed
from polydistill.starts.loading import load_encoder
from polydistill.starts.origins import Pretrained
from polydistill.starts.tokenizers import save_tokenizer
from polydistill.training.numerics import faster_precision
from polydistill.training.out import made_whole
from polydistill.training.run import Run, resolved_start
from polydistill.training.settings import Judging, Training
from polydistill.training.store import DEFAULT_ROOT

POLYGLOT = Pretrained(name="intfloat/multilingual-e5-small", revision="fd1525a9fd15316a2d503bf26ab031a61d056e98")
ENGLISH = Pretrained(name="sentence-transformers/all-MiniLM-L6-v2", revision="8b3219a92973c328a8e22fadcfa821b5dc75636a")
XNLI_LANGUAGES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")
LABELLED = 9_888
"""English rows of MultiNLI: as many as the sample that can be had without the hub."""
LEARNED, CHOSEN, TESTED = 999, 246, 1_245
"""XNLI's dev rows, which stand in threes of one premise, in three parts: no other rows are in all of its languages."""
PIECES = 100_000
MAX_LENGTH = 64
_WIDTH = 384  # of the polyglot
FROZEN: Mapping[str, Any] = {"freeze_embeddings": True, "freeze_blocks": 6}
"""What does not learn of an encoder of twelve blocks, so that a step takes a second."""
FURTHER_RATE = 5e-5
"""At which rate a model that was tuned on them learns more."""
_COUNTED = 20_000  # rows of a language in which its pieces are counted, where the text is the hub's
_TEXTS = ("parallel/ntrex/*.{lang}.txt", "parallel/tatoeba/*-eng.{lang}", "parallel/globalvoices/*.{lang}")


def on_english() -> Training:
    """How a model is tuned on the English rows, once through, in the numbers that this machine is faster in."""
    return Training(
        steps=LABELLED // 32,
        batch_size=32,
        learning_rate=1e-4,
        warmup=0.1,
        decay="linear",
        evaluate_every=LABELLED // 64,
        checkpoint_every=100,
        precision=faster_precision(_WIDTH),
    )


@dataclass(frozen=True)
class Trimming:
    """A model without the pieces that some languages do not need, and where it stands."""

    of: Pretrained
    languages: tuple[str, ...]
    texts: tuple[Source, ...]
    root: Path
    depth: int | None = None
    """Of so many of its blocks, evenly spread; none: of all."""

    @property
    def start(self) -> Pretrained:
        """What a run begins with."""
        return Pretrained(name=str(self.folder))

    @property
    def folder(self) -> Path:
        """Named by what decides it."""
        content = [resolved_start(self.of), self.languages, [text.model_dump(mode="json") for text in self.texts]]
        name = Path(self.of.name).name + (f"-{self.depth}" if self.depth else "")
        return self.root / "made" / f"{name}-{hashed([*content, PIECES])}"

    def make(self) -> None:
        """Trim it and take blocks out, unless that has been done."""
        if (self.folder / "config.json").is_file():
            return
        if self.depth is None:
            trimmed_models(self.of.name, self.languages, self.texts, PIECES, "frequency", self.folder)
            return
        whole = replace(self, depth=None)
        whole.make()
        loaded = load_encoder(whole.folder)
        small = cut(loaded.network, resolve("uniform", self.depth, len(blocks(loaded.network))))
        with made_whole(self.folder) as unfinished:
            small.save_pretrained(unfinished)
            save_tokenizer(loaded.tokenizer, unfinished)


@dataclass(frozen=True)
class Real:
    """Where models and data are, for which languages, and where what is made of them goes."""

    models: Path | None = None
    data: Path | None = None
    languages: tuple[str, ...] = ()
    """Of those that a table has; none: all."""
    root: Path = DEFAULT_ROOT

    def of(self, languages: Sequence[str]) -> tuple[str, ...]:
        """Those of these languages that are asked for."""
        for code in self.languages:
            if code not in languages:
                raise unknown("language of this table", code, languages)
        return tuple(code for code in languages if code in (self.languages or languages))

    @property
    def polyglot(self) -> Pretrained:
        """The multilingual encoder."""
        return POLYGLOT if self.models is None else Pretrained(name=str(self.models / "polyglot"))

    @property
    def english(self) -> Pretrained:
        """The English sentence encoder."""
        return ENGLISH if self.models is None else Pretrained(name=str(self.models / "english"))

    def trimmed(self, languages: Sequence[str], *rows: str, depth: int | None = None) -> Trimming:
        """The polyglot of some languages, whose pieces are also counted in files of `rows` with a column `text`."""
        texts = tuple(self._texts(languages, (*_TEXTS, *rows)))
        return Trimming(self.polyglot, tuple(languages), texts, self.root, depth)

    def labelled(self) -> Source:
        """English rows of natural language inference, with labels."""
        if self.data is None:
            return xnli("train").model_copy(update={"rows": LABELLED})
        return FileSource(path=str(self.data / "mnli_subset/train.tsv"), rows=LABELLED)

    def xnli(self, skip: int, rows: int) -> Source:
        """Rows of XNLI's dev set, which say the same in all its languages."""
        if self.data is None:
            return xnli("validation").model_copy(update={"skip": skip, "rows": rows})
        return FileSource(path=str(self.data / "xnli/dev-{lang}.tsv"), aligned=True, skip=skip, rows=rows)

    def english_run(self, start: Pretrained, seed: int, evaluation: Judging | None = None) -> Run:
        """Tuned on the English rows: what learns from few labels in other languages, or from none, begins so."""
        return Run(
            name="Baseline",
            method=TuneSpec(languages=("en",), data=self.labelled(), max_length=MAX_LENGTH, **FROZEN),
            start=start,
            training=on_english(),
            selection=Judging(languages=("en",), data=self.chosen(), max_length=MAX_LENGTH),
            evaluation=evaluation,
            seed=seed,
        )

    def learned(self, rows: int = LEARNED) -> Source:
        """The part of XNLI to learn from."""
        return self.xnli(0, rows)

    def chosen(self) -> Source:
        """The part to choose by."""
        return self.xnli(LEARNED, CHOSEN)

    def tested(self) -> Source:
        """The part to test on."""
        return self.xnli(LEARNED + CHOSEN, TESTED)

    def _texts(self, languages: Sequence[str], templates: Sequence[str]) -> list[Source]:
        """Plain text of all these languages."""
        if self.data is None:
            text = {"rows": _COUNTED, "columns": {"text": "premise"}, "aligned": None}  # a stream of one column
            return [xnli("train").model_copy(update=text)]
        files = [file for code in languages for text in templates for file in _files(self.data / text, code)]
        return [FileSource(path=str(file)) for file in dict.fromkeys(files)]


HUB = Real()
"""Everything is the hub's."""


def _files(template: Path, code: str) -> list[Path]:
    """The files of a language; none where there is none."""
    try:
        return find_files(str(template), code)
    except DataError:
        return []

"""Sentences of one language and their translations into others: what methods that align languages learn from."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from datasets import Dataset
from pydantic import Field, model_validator
from transformers import PreTrainedTokenizerBase

from polydistill.data.batches.counting import Tokens, ragged_column
from polydistill.data.batches.encoding import Tokenised
from polydistill.data.batches.token_ids import reads_as
from polydistill.data.rows.load import fingerprint, load_aligned
from polydistill.data.rows.shapes import SENTENCE
from polydistill.data.rows.sources import Source
from polydistill.data.translations.corpora import Corpora, CorpusCount, KeptPairs, ParallelCorpus, load_corpora
from polydistill.data.translations.filters import IDS, SIDES, Filters
from polydistill.results import LanguageCode
from polydistill.specs import Spec

_TEXT = SENTENCE.texts[0]


class Translations(Spec):
    """Pairs of a sentence and its translation, by the language of the translation."""

    source_language: LanguageCode = "en"
    languages: tuple[LanguageCode, ...] = Field(min_length=1)
    """Of the translations."""
    data: Source | None = None
    """Sentences that say the same in all of these languages ..."""
    corpora: tuple[ParallelCorpus, ...] = ()
    """... or parallel corpora, at least one a language, each of its own sentences."""
    filters: Filters = Filters()
    """Which pairs of the corpora are kept; of `data` all are."""

    @model_validator(mode="after")
    def _one_kind_of_text(self) -> Self:
        if (self.data is None) == (not self.corpora):
            raise ValueError("Give sentences in all languages (data) or parallel corpora (corpora), and not both.")
        if self.data is not None and self.filters != Filters():
            raise ValueError("Filters are for parallel corpora; all sentences of `data` are kept. Leave `filters` out.")
        return self

    @model_validator(mode="after")
    def _every_language_has_text(self) -> Self:
        if self.source_language in self.languages:
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but {self.source_language!r} is what they are "
                "translations of. Leave it out."
            )
        given = dict.fromkeys(corpus.target for corpus in self.corpora)
        if self.corpora and set(given) != set(self.languages):
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but there are corpora for {', '.join(given)}. "
                "Give at least one for each language."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        if self.data is not None:
            return ((self.data, (self.source_language, *self.languages)),)
        return self.chosen.reads

    @property
    def chosen(self) -> Corpora:
        """The corpora and which of their pairs are kept."""
        return Corpora(source_language=self.source_language, corpora=self.corpora, filters=self.filters)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read: none."""
        return ()


class Pairs(NamedTuple):
    """Sentence i of `source` and of `target` say the same. They are columns of tables, of which slices are read."""

    source: Sequence[str]
    target: Sequence[str]


class Loaded(NamedTuple):
    """Pairs by the language of the translation, and what became of each corpus."""

    pairs: dict[str, Pairs]
    counts: tuple[CorpusCount, ...] = ()

    @property
    def notes(self) -> dict[str, list[dict[str, object]]]:
        """What is kept beside the result of a run."""
        return {"corpora": [count.model_dump(mode="json") for count in self.counts]} if self.counts else {}


_counted: dict[str, tuple[KeptPairs, PreTrainedTokenizerBase | None]] = {}
"""What was read to be counted, by its name, until it is asked for: one lot at most, as text is large.

With its tokenizer, so that this is still open when a model is loaded that reads by the same (`open_tokenizer`).
"""


def count_pairs(spec: Translations, who: str, tokenizer: PreTrainedTokenizerBase | None, seed: int = 0) -> int:
    """How many pairs `load_pairs` gives."""
    if spec.data is None:
        return sum(map(len, count_corpora(spec.chosen, tokenizer, seed).rows.values()))
    return sum(len(pairs.source) for pairs in load_pairs(spec, who, tokenizer, seed).pairs.values())


def load_pairs(spec: Translations, who: str, tokenizer: PreTrainedTokenizerBase | None = None, seed: int = 0) -> Loaded:
    """The pairs that `who` (for errors) reads; `tokenizer` counts the tokens of corpora, where lengths matter."""
    if spec.data is None:
        found = pairs_of(spec.chosen, tokenizer, seed)
        return Loaded({code: found.pairs[code] for code in spec.languages}, found.counts)
    whole = load_aligned(spec.data, SENTENCE, (spec.source_language, *spec.languages), who)
    source = whole.rows[spec.source_language][_TEXT]
    return Loaded({code: Pairs(source, whole.rows[code][_TEXT]) for code in spec.languages})


def count_corpora(chosen: Corpora, tokenizer: PreTrainedTokenizerBase | None, seed: int = 0) -> KeptPairs:
    """The pairs that `pairs_of` gives, which then has them at hand: nothing is read and tokenised twice."""
    kept = _kept(chosen, tokenizer, seed)
    _counted[_name(chosen, tokenizer, seed)] = kept, tokenizer
    return kept


def pairs_of(chosen: Corpora, tokenizer: PreTrainedTokenizerBase | None, seed: int = 0) -> Loaded:
    """The pairs of corpora that pass the filters; `tokenizer` counts tokens, where lengths matter."""
    kept = _kept(chosen, tokenizer, seed)
    pairs = {code: Pairs(*_sides(kept.rows[code], tokenizer)) for code in chosen.languages}
    return Loaded(pairs, kept.counts)


def _sides(rows: Dataset, tokenizer: PreTrainedTokenizerBase | None) -> Iterator[Sequence[str]]:
    """Both sides, with what the tokenizer has read in them where it was asked how long they are."""
    for side, ids in zip(SIDES, IDS, strict=True):
        if tokenizer is None or ids not in rows.column_names:
            yield rows[side]
        else:
            yield Tokenised(rows[side], ragged_column(rows, ids), tokenizer)


def _kept(chosen: Corpora, tokenizer: PreTrainedTokenizerBase | None, seed: int) -> KeptPairs:
    counted = _counted.pop(_name(chosen, tokenizer, seed), None) if _counted else None
    _counted.clear()
    if counted is not None:
        return counted[0]
    return load_corpora(chosen, None if tokenizer is None else Tokens(tokenizer), seed)


def _name(chosen: Corpora, tokenizer: PreTrainedTokenizerBase | None, seed: int) -> str:
    """A hash of all that decides which pairs are loaded: what is read, with its content, and what counts tokens."""
    content = [fingerprint(source, languages) for source, languages in chosen.reads]
    reads = reads_as(tokenizer) if tokenizer is not None and chosen.filters.count_tokens else ""
    return hashlib.sha256("\0".join([chosen.model_dump_json(), *content, reads, str(seed)]).encode()).hexdigest()

"""The tokenizer of an exported folder: what encoding asks of one, from `tokenizer.json` alone, without `transformers`.

Loading `transformers` takes longer than reading many rows. Both have the same tokenizer below, so the token ids are the
same, which a test holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

_COLUMNS = {"input_ids": "ids", "token_type_ids": "type_ids"}


_UNKNOWN = ("<unk>", "[UNK]")


@dataclass(frozen=True)
class Encodings(Mapping[str, Any]):
    """Some texts as token ids, by column, and where each token comes from."""

    rows: Sequence[Encoding]
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> list[Any]:
        attribute = "offsets" if name == "offset_mapping" else _COLUMNS[name]
        return [getattr(row, attribute) for row in self.rows]

    def __iter__(self) -> Any:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def word_ids(self, row: int) -> list[int | None]:
        """The word of each token of a text; none: a special token."""
        return list(self.rows[row].word_ids)

    def sequence_ids(self, row: int) -> list[int | None]:
        """Which text of a pair each token is of; none: a special token."""
        return list(self.rows[row].sequence_ids)


@dataclass(frozen=True)
class PlainTokenizer:
    """What `tokenizer.json` says. `columns` are what the model reads of each token."""

    backend: Tokenizer
    columns: tuple[str, ...]
    model_max_length: int
    pad_token_id: int
    pad_token_type_id: int
    is_fast: bool = field(default=True, init=False)

    @property
    def model_input_names(self) -> list[str]:
        """What a model reads of each token, as `transformers` calls it."""
        return list(self.columns)

    @property
    def all_special_ids(self) -> list[int]:
        """The pieces that stand for no text."""
        return [number for number, token in self.backend.get_added_tokens_decoder().items() if token.special]

    @property
    def unk_token_id(self) -> int | None:
        """What is read where no piece is known, by its usual names; none where it has no such name."""
        found = (self.backend.token_to_id(name) for name in _UNKNOWN)
        return next((number for number in found if number is not None), None)

    def num_special_tokens_to_add(self) -> int:
        """Tokens that a single text gets around it."""
        return int(self.backend.num_special_tokens_to_add(False))

    def __call__(
        self,
        texts: Sequence[Any],
        pairs: Sequence[str] | None = None,
        *,
        truncation: bool = False,
        max_length: int | None = None,
        is_split_into_words: bool = False,
        add_special_tokens: bool = True,
        **_as_they_are: bool,
    ) -> Encodings:
        """Texts, pairs of texts or texts word by word as token ids, not padded; the longer text of a pair is cut."""
        self.backend.no_padding()
        if truncation and max_length is not None:
            self.backend.enable_truncation(max_length)
        else:
            self.backend.no_truncation()
        given = list(texts) if pairs is None else list(zip(texts, pairs, strict=True))
        rows = self.backend.encode_batch(
            given, is_pretokenized=is_split_into_words, add_special_tokens=add_special_tokens
        )
        return Encodings(rows, self.columns)


def plain_tokenizer(file: Path, inputs: Sequence[str]) -> PlainTokenizer | None:
    """The tokenizer of a file that says how it cuts and pads, as an export leaves it; none where there is no such file.

    `inputs` are the names of what the model reads.
    """
    if not file.is_file():
        return None
    backend = Tokenizer.from_file(str(file))
    padding, cutting = backend.padding, backend.truncation
    if padding is None or cutting is None:
        return None
    columns = tuple(name for name in inputs if name != "attention_mask")
    return PlainTokenizer(backend, columns, cutting["max_length"], padding["pad_id"], padding["pad_type_id"])

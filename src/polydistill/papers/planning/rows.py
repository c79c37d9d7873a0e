"""How many rows a source has: as many as are asked for, as were published, or as its files have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from polydistill.data.files.paths import find_files
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import RowShape
from polydistill.data.rows.sources import ByLanguage, FileSource, HubSource, Source
from polydistill.errors import DataError
from polydistill.languages import parts_of

HUB_ROWS: Mapping[str, Mapping[str, int]] = {
    "facebook/xnli": {"train": 392_702, "validation": 2_490, "test": 5_010},
}
"""By split, in each language: from the cards."""

_CORPORA = ("IITB/en-hi", "EUbookshop/bg-en", "Europarl/bg-en", "MultiUN/ar-en", "MultiUN/en-zh")
_OPUS = (*_CORPORA, "Europarl/en-fr", "Europarl/en-es", "Europarl/de-en")

FILE_ROWS: Mapping[str, int | Mapping[str, int]] = {
    "data/marc/train.{lang}.jsonl": 200_000,  # Keung et al. 2020: the same in each language
    "data/marc/dev.{lang}.jsonl": 5_000,
    "data/marc/test.{lang}.jsonl": 5_000,
    "data/panx/train-{lang}.tsv": {"en": 20_000, "tr": 20_000, "sw": 1_000},  # Rahimi et al. 2019
    "data/panx/dev-{lang}.tsv": {"en": 10_000, "tr": 10_000, "sw": 1_000},
    "data/panx/test-{lang}.tsv": {"en": 10_000, "tr": 10_000, "sw": 1_000},
    "data/siqa/train.jsonl": 33_410,  # Sap et al. 2019
    "data/siqa/dev.jsonl": 1_954,
    "data/xcopa/{lang}/val.{lang}.jsonl": 100,  # Ponti et al. 2020
    "data/xcopa/{lang}/test.{lang}.jsonl": 500,
    "data/pawsx/{lang}/train.tsv": 49_401,  # Yang et al. 2019
    "data/pawsx/{lang}/dev_2k.tsv": 2_000,
    "data/pawsx/{lang}/test_2k.tsv": 2_000,
    "data/squad/train-v1.1.json": 87_599,  # Rajpurkar et al. 2016
    "data/squad/dev-v1.1.json": 10_570,
    "data/xquad/xquad.{lang}.json": 1_190,  # Artetxe et al. 2020
    **{f"data/opus/{name}.txt.zip": 10_500_000 // len(_OPUS) for name in _OPUS},  # MMKD's table 1 has all in one number
}
"""Files of the paper scales, by path: rows in each language, as published. Nobody needs the files for a plan."""


@dataclass
class Rows:
    """Counts rows, and knows afterwards whose number was a published one, and which files were looked for in vain."""

    published: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)

    def of(self, source: Source, shape: RowShape, languages: Sequence[str]) -> int:
        """Rows of all these languages."""
        if isinstance(source, ByLanguage):
            return sum(self.of(one, shape, [code]) for code, one in source.of(languages).items())
        if source.rows is not None:
            return source.rows * len(languages)
        if isinstance(source, HubSource) and source.split in HUB_ROWS.get(source.name, {}):
            return HUB_ROWS[source.name][source.split] * len(languages)
        if not isinstance(source, FileSource):
            raise ValueError(f"Cannot plan with {source}: its number of rows is not known here. Set `rows` to say it.")
        if (known := _published(source.path, languages)) is not None:
            self.published[source.path] = None
            return known
        if absent := [code for code in languages if not _is_there(source.path, code)]:
            self.missing[f"{source.path} ({', '.join(absent)})"] = None
            return 0
        return _rows_of_files(source.model_dump_json(), shape, tuple(languages))

    def check(self) -> None:
        """All files that are missing, in one error."""
        if self.missing:
            raise ValueError(
                f"Cannot plan: these files are not there, and their rows are not known here: {'; '.join(self.missing)}."
                " Put them there, or set `rows` of the source to say how many count."
            )


def _published(path: str, languages: Sequence[str]) -> int | None:
    """Rows of a file of the paper scales; None of any other, or where a language of it is not known."""
    rows = FILE_ROWS.get(path)
    if rows is None or isinstance(rows, int):
        return None if rows is None else rows * len(languages)
    return sum(rows[code] for code in languages) if set(languages) <= set(rows) else None


def _is_there(path: str, code: str) -> bool:
    try:
        return all(find_files(path, part) for part in parts_of(code))
    except DataError:
        return False


@cache
def _rows_of_files(source: str, shape: RowShape, languages: tuple[str, ...]) -> int:
    return sum(load_rows(FileSource.model_validate_json(source), shape, languages).counts.values())

"""Trimmed models: choosing pieces, writing the model without the others, and seeing that it says the same."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from polydistill.data.batches.streams import text_parts
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.sources import LANGUAGE_PLACEHOLDER, FileSource, Source
from polydistill.languages import language
from polydistill.manifest import list_files
from polydistill.models.adapters import FILE as ADAPTERS
from polydistill.models.bank import parameters_of
from polydistill.models.loaded import Loaded
from polydistill.models.trimming.choosing import By, choose, count_pieces
from polydistill.models.trimming.fallback import Fallback, fallback
from polydistill.models.trimming.network import needed, trimmed
from polydistill.models.trimming.vocabulary import vocabulary_of
from polydistill.progress import followed, underway
from polydistill.specs import Spec
from polydistill.starts.folders import students_in
from polydistill.starts.hub import pinned
from polydistill.starts.loading import beside, load_whole
from polydistill.starts.memory import OwnModel
from polydistill.starts.origins import Pretrained
from polydistill.starts.sentence import files_of_head
from polydistill.starts.strict import quietly
from polydistill.starts.tokenizers import save_tokenizer
from polydistill.training.made import derived
from polydistill.training.out import made_whole
from polydistill.training.run import hand_on

REPORT, KEPT = "trim.json", "kept.json"
LOOKED_AT = 2000  # ours: texts of a language whose fallback is counted
COMPARED = 8  # ours: texts that both networks read
TOLERANCE = 1e-4  # ours, as of exports: far below what tells two classes apart

Texts = Mapping[str, Rows] | Sequence[Rows]


class Trimming(Spec):
    """What was done to one model: the content of `trim.json`."""

    model: str
    languages: tuple[str, ...]
    by: By
    keep: int | None
    pieces: int
    pieces_after: int
    occurring: int | None = None
    """Pieces that occur in the text, where there is text ..."""
    by_frequency: int | None = None
    """... and those that `frequency` keeps without a budget: with what they are merged from, and what always stays."""
    parameters: int
    parameters_after: int
    size: int
    """Bytes of weights and tokenizer ..."""
    size_after: int
    """... before and after."""
    compared: int
    """Texts whose pieces all stay that both networks have read ..."""
    difference: float
    """... and the largest difference between what they say of them."""
    fallback: tuple[Fallback, ...]


@dataclass(frozen=True)
class Trimmed:
    """A trimmed model, as plain `transformers` loads it, and what became of it."""

    folder: Path
    report: Trimming


@dataclass(frozen=True)
class _Text:
    """Text in one language, or in several that nobody has told apart."""

    name: str
    source: Source
    code: str

    def lines(self) -> Iterator[str]:
        """All of it that is not blank."""
        return (text for part in text_parts(self.source, self.code) for text in part() if text.strip())


def trimmed_models(
    model: OwnModel, languages: Sequence[str], texts: Texts, keep: int | None, by: By | None, out: str | Path
) -> tuple[Trimmed, ...]:
    """Keep the pieces that some languages need, and write the model with these alone into `out`.

    `texts` are those of each language, or text in all of them: a source, or a file. `by` says what is kept, at most
    `keep` pieces: what is frequent in the text, what is written in the languages' scripts, or both; special and byte
    pieces and single characters always. Without text it is the script; with text alone it is all that occurs, and with
    `keep` both. The folder of a run with several students gives as many trimmed ones, which keep the same pieces.
    """
    codes = tuple(dict.fromkeys(language(code).code for code in languages))
    by = by or ("script" if not texts else "frequency" if keep is None else "both")
    if by != "script" and not texts:
        raise ValueError(f"by={by!r} needs text to count pieces in. Give texts, or choose by 'script'.")
    if not codes:
        raise ValueError("Name at least one language: its single characters stay, and its script may choose.")
    read = list(_read(texts, codes))
    starts, place = _members(model), Path(out).expanduser()
    with made_whole(place) as unfinished:
        first = load_whole(next(iter(starts.values())))
        kept, counted = _chosen(first, read, codes, by, keep)
        asked = {"languages": codes, "by": by, "keep": keep, **counted}
        for at, (name, start) in enumerate(starts.items()):
            _write(load_whole(start) if at else first, start, kept, read, asked, unfinished / name)
    return tuple(Trimmed(place / name, load_report(place / name)) for name in starts)


def load_report(folder: Path) -> Trimming:
    """What was done to the model in a folder."""
    return Trimming.model_validate_json((folder / REPORT).read_text(encoding="utf-8"))


def _members(model: OwnModel) -> dict[str, Pretrained]:
    """The models to trim by their places in the new folder: all students of a run, or the one model itself."""
    students = students_in(Path(model).expanduser()) if isinstance(model, str | Path) else {}
    if len(students) > 1:
        return {f"{folder.parent.name}/{name}": pinned(folder) for name, folder in students.items()}
    return {"": pinned(model)}


def _read(texts: Texts, codes: tuple[str, ...]) -> Iterator[_Text]:
    if isinstance(texts, Mapping):
        known = {language(name).code: given for name, given in texts.items()}
        if stray := sorted(known.keys() - set(codes)):
            raise ValueError(f"There is text in {', '.join(stray)}, but {', '.join(codes)} are to be kept. Name both.")
        yield from (_Text(code, as_source(given), code) for code, given in known.items())
        return
    for given in [texts] if isinstance(texts, str | Path) else texts:
        source = as_source(given)
        if isinstance(source, FileSource) and LANGUAGE_PLACEHOLDER not in source.path:
            yield _Text("+".join(codes), source, codes[0])
        else:
            yield from (_Text(code, source, code) for code in codes)


def _chosen(
    loaded: Loaded, read: Sequence[_Text], codes: tuple[str, ...], by: By, keep: int | None
) -> tuple[list[int], dict[str, int]]:
    """The pieces that stay, and what the text says of how many could."""
    vocabulary = vocabulary_of(loaded.tokenizer)
    lines = followed(chain.from_iterable(text.lines() for text in read), "Pieces are counted", unit="lines")
    counts = count_pieces(loaded.tokenizer, lines, max(vocabulary.pieces) + 1)
    scripts = tuple(dict.fromkeys(script for code in codes for script in language(code).scripts))
    also = needed(loaded.network) & vocabulary.pieces.keys()
    kept = choose(vocabulary, counts, scripts, by, keep, also)
    occurring = (
        kept if (by, keep) == ("frequency", None) else choose(vocabulary, counts, scripts, "frequency", None, also)
    )
    if len(kept) == len(vocabulary.pieces):
        raise ValueError(
            f"Of {len(kept):,} pieces all would stay, so there is nothing to trim. Set keep below that, or choose by "
            "'frequency' on text."
        )
    return kept, {"occurring": int((counts > 0).sum()), "by_frequency": len(occurring)} if read else {}


def _write(
    loaded: Loaded, start: Pretrained, kept: list[int], read: Sequence[_Text], asked: dict[str, Any], folder: Path
) -> None:
    """Write one trimmed model, read it again, and put beside it what has become of it."""
    vocabulary = vocabulary_of(loaded.tokenizer)
    with quietly(), underway("The trimmed model is written"):
        trimmed(loaded.network, kept).save_pretrained(folder)
        save_tokenizer(loaded.tokenizer, folder)
        (folder / "tokenizer.json").write_text(
            json.dumps(vocabulary.trimmed(kept), ensure_ascii=False), encoding="utf-8"
        )
        _copy_beside(start, folder)
        small = load_whole(Pretrained(name=str(folder)))
    samples = {text.name: list(islice(text.lines(), LOOKED_AT)) for text in read}
    compared, difference = _difference(loaded, small, kept, list(chain.from_iterable(samples.values())))
    if difference > TOLERANCE:
        raise ValueError(
            f"The trimmed model says something else than {start.name}, by up to {difference:.2g}, of texts whose "
            "pieces all stay. Nothing was written; please report it with the model's name."
        )
    report = Trimming(
        model=start.name,
        **asked,
        pieces=len(vocabulary.pieces),
        pieces_after=len(kept),
        parameters=parameters_of([loaded.network]),
        parameters_after=parameters_of([small.network]),
        size=_size(loaded),
        size_after=_size(small),
        compared=compared,
        difference=difference,
        fallback=tuple(
            fallback(name, texts, loaded.tokenizer, small.tokenizer, kept) for name, texts in samples.items()
        ),
    )
    (folder / REPORT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (folder / KEPT).write_text(json.dumps(kept) + "\n", encoding="utf-8")
    hand_on(start, folder)
    list_files(folder, derived(small, start.name))


def _copy_beside(start: Pretrained, folder: Path) -> None:
    """Adapters, and what makes sentence vectors, know nothing of pieces."""
    for file in (ADAPTERS, *files_of_head(start.name, start.revision)):
        found = beside(start.name, file, start.revision)
        if found is not None:
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copyfile(found, folder / file)


def _difference(old: Loaded, new: Loaded, kept: list[int], texts: Sequence[str]) -> tuple[int, float]:
    """How many texts of which all pieces stay were compared, and by how much two models differ on them."""
    stays, unknown = set(kept), old.tokenizer.unk_token_id
    whole = (
        text for text in texts if unknown not in (ids := old.tokenizer(text)["input_ids"]) and stays.issuperset(ids)
    )
    some = list(islice(whole, COMPARED))
    apart = 0.0
    for text in some:
        said, again = _said(old, text), _said(new, text)
        if said.shape != again.shape:  # scores of pieces
            said = said[..., kept]
        apart = max(apart, float((said - again).abs().max()))
    return len(some), apart


@torch.no_grad()
def _said(loaded: Loaded, text: str) -> Tensor:
    """What a model's head says of one text, or of one choice; without a head, the vectors of its tokens."""
    inputs = loaded.tokenizer(text, truncation=True, max_length=128, return_tensors="pt")
    if type(loaded.network).__name__.endswith("ForMultipleChoice"):
        inputs = {name: value.unsqueeze(0) for name, value in inputs.items()}
    loaded.network.train(False)
    return cast(Tensor, loaded.network(**inputs)[0])


def _size(loaded: Loaded) -> int:
    """What the weights and the tokenizer take on disk."""
    weights = {id(value): value.numel() * value.element_size() for value in loaded.network.parameters()}
    tokenizer: Any = loaded.tokenizer
    return sum(weights.values()) + len(tokenizer.backend_tokenizer.to_str(pretty=True).encode())

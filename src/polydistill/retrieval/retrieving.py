"""Looking for translations in a corpus, with one model or with one a language."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from polydistill.data.batches.encoding import Encoded, Ints, encode, encode_texts
from polydistill.data.batches.signals import weights_fingerprint
from polydistill.data.rows.load import fingerprint, load_text
from polydistill.data.rows.shapes import SENTENCE, Corpus
from polydistill.data.rows.sources import Source, WorldSource, format_source
from polydistill.data.translations.corpora import Corpora, load_corpora
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Prompted, SentenceHead
from polydistill.retrieval.retrieval import Retrieval, Side, Similarity, accuracy_and_mrr, paired_ranks, views
from polydistill.retrieval.token_vectors import TextEncoder
from polydistill.specs import hashed


def find_translations(
    models: tuple[Loaded, Loaded],
    data: Source,
    languages: tuple[str, str],
    how: Similarity,
    by_layer: bool = False,
    batch_size: int | None = None,
    names: tuple[str, str] = ("", ""),
) -> tuple[Retrieval, ...]:
    """Each sentence looks for its translation among all, from the first language to the second and back.

    The first model reads the first language, the second (which may be the same) the other; `names` is what a result
    calls them.
    """
    source = aligned(data, "retrieval")
    corpus = load_text(source, languages)
    about = {
        **_about(models, names),
        "data": format_source(source),
        "data_fingerprint": fingerprint(source, languages),
        "split": str(getattr(source, "split", "test")),
    }
    return _found(models, corpus, languages, how, by_layer, batch_size, about)


def find_in_corpora(
    models: tuple[Loaded, Loaded],
    corpora: Corpora,
    how: Similarity,
    by_layer: bool = False,
    batch_size: int | None = None,
    names: tuple[str, str] = ("", ""),
) -> tuple[Retrieval, ...]:
    """The same of every pair of languages: from the target to the source language, and back.

    A sentence looks among those of all corpora of its pair.
    """
    about = _about(models, names)
    found: list[Retrieval] = []
    for code, table in load_corpora(corpora, None).rows.items():
        sides = {code: "target", corpora.source_language: "source"}
        rows = {side: table.select_columns(name).rename_column(name, "text") for side, name in sides.items()}
        sources = [one.data for one in corpora.corpora if one.target == code]
        told = {
            **about,
            "data": " + ".join(map(format_source, sources)),
            "data_fingerprint": hashed([fingerprint(one, tuple(sides)) for one in sources]),
        }
        corpus = Corpus(SENTENCE, rows)
        found += _found(models, corpus, (code, corpora.source_language), how, by_layer, batch_size, told)
    return tuple(found)


def _about(models: tuple[Loaded, Loaded], names: tuple[str, str]) -> dict[str, object]:
    """What a result says of its models."""
    prints = tuple(weights_fingerprint(one.network.base_model)[:16] for one in models)
    return {"model": names[0], "other_model": names[1], "model_fingerprints": prints}


def _found(
    models: tuple[Loaded, Loaded],
    corpus: Corpus,
    languages: tuple[str, str],
    how: Similarity,
    by_layer: bool,
    batch_size: int | None,
    about: Mapping[str, object],
) -> tuple[Retrieval, ...]:
    side = _own_side if how.layers == "own" else _side
    sides = [side(one, corpus, code, batch_size) for one, code in zip(models, languages, strict=True)]
    wanted = views(how.layers, (sides[0].encoder.blocks, sides[1].encoder.blocks), by_layer)
    with asleep(models):
        found = paired_ranks(sides[0], sides[1], how, wanted)
    pair = {"language": languages[0], "other": languages[1], "candidates": len(sides[0].text), "how": how}
    return tuple(
        Retrieval.model_validate(
            {**about, **pair, **_measured(ranks), "direction": direction, "layers": a, "other_layers": b}
        )
        for (a, b), both in zip(wanted, found, strict=True)
        for direction, ranks in zip(("to", "from"), both, strict=True)
    )


def _measured(ranks: Ints) -> dict[str, object]:
    accuracy, mrr = accuracy_and_mrr(ranks)
    return {"accuracy": accuracy, "mrr": mrr, "hits": "".join(np.where(ranks == 1, "1", "0").tolist())}


def aligned(source: Source, who: str) -> Source:
    """The same source, whose rows are translations of each other, which `who` needs, unless that is denied."""
    if isinstance(source, WorldSource):
        return source
    if source.aligned is False:
        raise ValueError(f"{format_source(source)}: {who} needs rows that say the same; leave out aligned=false.")
    return source.model_copy(update={"aligned": True})


def _side(loaded: Loaded, corpus: Corpus, code: str, batch_size: int | None) -> Side:
    text = encode(loaded.tokenizer, corpus.rows[code], SENTENCE, loaded.max_length)
    return Side(TextEncoder(loaded.network, code, batch_size), loaded.tokenizer, text)


def read_as_said(loaded: Loaded, texts: Sequence[str]) -> tuple[Encoded, SentenceHead]:
    """Sentences as the model's folder says that they are read, and what makes their vectors."""
    head = loaded.sentence
    if head is None:
        raise ValueError(
            f"{loaded.network.config.name_or_path} does not say how its vectors are made (no modules.json). Name "
            "layers, such as --layers last, with --pooling."
        )
    longest = head.reading.max_length or loaded.max_length
    text = encode_texts(loaded.tokenizer, Prompted(head.reading.prompt, texts), None, longest)
    return text, head.to(loaded.network.device)


def _own_side(loaded: Loaded, corpus: Corpus, code: str, batch_size: int | None) -> Side:
    text, head = read_as_said(loaded, corpus.rows[code]["text"])
    return Side(TextEncoder(loaded.network, code, batch_size), loaded.tokenizer, text, head)


@contextmanager
def asleep(models: Sequence[Loaded]) -> Iterator[None]:
    """Without dropout for moments."""
    awake = [one.network for one in models if one.network.training]
    for network in awake:
        network.train(False)
    try:
        yield
    finally:
        for network in awake:
            network.train(True)

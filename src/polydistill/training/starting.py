"""What a run begins with: a network and its tokenizer, fresh, downloaded, left by another run, or made of another."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from torch import nn
from transformers import PretrainedConfig

from polydistill.data.batches.streams import text_parts
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import Source
from polydistill.data.translations.corpora import read_pairs
from polydistill.languages import language
from polydistill.methods.spec import MethodSpec
from polydistill.models.bags import bag_of
from polydistill.models.cut import cut
from polydistill.models.fresh import fresh_encoder, learn_tokenizer
from polydistill.models.layers import blocks
from polydistill.models.loaded import Loaded
from polydistill.models.mblm import branched
from polydistill.objectives.layer_maps import resolve
from polydistill.starts.loading import load_classifier, load_encoder, load_masked, predicts_words
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.starts.sentence import load_sentence_encoder
from polydistill.starts.strict import open_config
from polydistill.training.processes import processes
from polydistill.training.run import AnyStart, Bag, Branched, Cut, ResultOf, Run
from polydistill.training.store import Store


def load_start(start: AnyStart, run: Run, store: Store) -> Loaded:
    """The network and tokenizer that a run begins with; a classifier without a head gets a new one."""
    if isinstance(start, Fresh):
        return _fresh(start, run)
    if isinstance(start, Cut):
        whole = load_start(start.of, run, store)
        kept = resolve(start.map, start.depth, len(blocks(whole.network)))
        return replace(whole, network=cut(whole.network, kept))
    if isinstance(start, Branched):
        whole = load_start(start.of, run, store)
        return replace(whole, network=branched(whole.network, start.branches))
    if isinstance(start, Bag):
        return _bag(start, run, store)
    name = str(store.folder(start.run) / start.place) if isinstance(start, ResultOf) else start.name
    revision = start.revision if isinstance(start, Pretrained) else None
    return _load(name, revision, run.method)


def _load(name: str, revision: str | None, method: MethodSpec) -> Loaded:
    """A model with the head that the method's student has."""
    if method.head == "vectors":
        return load_sentence_encoder(name, revision)
    if method.head == "words":
        loaded = load_masked(name, revision)
        check_head(method, loaded.network.config, name)
        return loaded
    assert method.learns is not None, "a method whose student answers a task says which"
    return load_classifier(name, method.learns, revision, getattr(method, "head_hidden", 0))


def check_head(method: MethodSpec, config: PretrainedConfig, name: str) -> None:
    """Refuse a head that would be drawn at random where a trained one is meant."""
    if method.head != "words" or method.new_head or predicts_words(config):
        return
    why, ways_out = method.head_is_for
    raise ValueError(
        f"{name} has no head that predicts hidden words (architecture: "
        f"{', '.join(config.architectures or ()) or 'not said'}), {why}. Name a masked language model, such as "
        f"FacebookAI/xlm-roberta-base{ways_out}."
    )


Opened = Callable[[str | Path, str | None], Loaded]


def load_body(start: AnyStart, store: Store, opened: Opened = load_encoder) -> Loaded:
    """What a run begins with or leaves, without its head, `opened` by name and revision."""
    match start:
        case Fresh():
            raise ValueError("A fresh encoder knows nothing yet: pre-train it before it is looked at.")
        case Cut():
            whole = load_body(start.of, store, opened)
            kept = resolve(start.map, start.depth, len(blocks(whole.network)))
            return replace(whole, network=cut(whole.network, kept))
        case Bag():
            raise ValueError("A student without attention is looked at when it has learned: name the run's folder.")
        case Branched():
            raise ValueError("Branches are not looked at before they have learned: name the model that they are of.")
        case ResultOf():
            return opened(store.folder(start.run) / start.place, None)
        case Pretrained():
            return opened(start.name, start.revision)


def _bag(start: Bag, run: Run, store: Store) -> Loaded:
    """Of the pieces that occur in all that the run's method reads."""
    whole = load_body(start.of, store, load_sentence_encoder)
    nn.Module.to(whole.network, processes().device)
    reads = run.method.reads
    texts = chain.from_iterable(_texts(source, codes) for source, codes in reads)
    codes = dict.fromkeys(code for _, languages in reads for code in languages)
    scripts = dict.fromkeys(script for code in codes for script in language(code).scripts)
    return bag_of(whole, texts, tuple(scripts), start.how)


def _texts(source: Source, codes: tuple[str, ...]) -> Iterator[str]:
    """All texts of a source, one language after another or side by side."""
    if len(codes) > 1:
        return chain.from_iterable(read_pairs(source, codes))
    return (text for part in text_parts(source, codes[0]) for text in part())


def _fresh(start: Fresh, run: Run) -> Loaded:
    if run.method.fresh_from is None:
        raise ValueError(f"A fresh encoder knows nothing yet: pre-train it before {run.method.kind!r}.")
    corpus = load_text(*run.method.fresh_from)
    texts = (text for rows in corpus.rows.values() for text in rows["text"][:])
    tokenizer = learn_tokenizer(texts, start.vocabulary, start.max_length)
    shape = (start.width, start.blocks, start.heads, start.dropout, start.max_length)
    return Loaded(fresh_encoder(len(tokenizer), *shape, seed=run.seed), tokenizer)


def depth_of(start: AnyStart) -> int:
    """The number of blocks of what a run starts from."""
    match start:
        case Fresh():
            return start.blocks
        case Cut():
            return start.depth
        case Branched():
            return depth_of(start.of)
        case Bag():
            return 0
        case ResultOf():
            return start.run.method.depth_left or depth_of(start.run.start)
        case Pretrained():
            return int(open_config(start.name, start.revision).num_hidden_layers)


def described(run: Run) -> str:
    """What the settings of a run's method alone do not show, in one line for a person; empty where they show all."""
    return run.method.describe(run, depth_of)

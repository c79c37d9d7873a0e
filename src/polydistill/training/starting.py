"""What a run begins with: a network and its tokenizer, fresh, downloaded, left by another run, or made of another."""

from dataclasses import replace

from transformers import PretrainedConfig

from polydistill.data.rows.load import load_text
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.models.cut import cut
from polydistill.models.fresh import fresh_encoder, learn_tokenizer
from polydistill.models.layers import blocks
from polydistill.models.loaded import Loaded
from polydistill.models.mblm import branched
from polydistill.objectives.layer_maps import resolve
from polydistill.starts.loading import load_classifier, load_encoder, load_masked, predicts_words
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.run import AnyStart, Branched, Cut, ResultOf, Run
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
    name = str(store.folder(start.run) / start.place) if isinstance(start, ResultOf) else start.name
    revision = start.revision if isinstance(start, Pretrained) else None
    if isinstance(run.method, SentenceSpec) or (isinstance(run.method, MMKDSpec) and not run.method.weights.tlm):
        return load_encoder(name, revision)
    if isinstance(run.method, PretrainSpec | MonolingualSpec | MMKDSpec):
        loaded = load_masked(name, revision)
        check_head(run.method, loaded.network.config, name)
        return loaded
    return load_classifier(name, run.method.task, revision)


def check_head(method: PretrainSpec | MonolingualSpec | MMKDSpec, config: PretrainedConfig, name: str) -> None:
    """Refuse a head that would be drawn at random where a trained one is meant."""
    if (
        predicts_words(config)
        or isinstance(method, PretrainSpec)
        or (isinstance(method, MMKDSpec) and not method.weights.tlm)
    ):
        return
    why, ways_out = "so it cannot teach masked language models", ""
    if isinstance(method, MMKDSpec):
        why = "which TLM needs (method.weights.tlm)"
        ways_out = ", leave TLM out (align --without tlm), or learn sentence vectors alone (align --method sentence)"
    raise ValueError(
        f"{name} has no head that predicts hidden words (architecture: "
        f"{', '.join(config.architectures or ()) or 'not said'}), {why}. Name a masked language model, such as "
        f"FacebookAI/xlm-roberta-base{ways_out}."
    )


def load_body(start: AnyStart, store: Store) -> Loaded:
    """What a run begins with or leaves, without its head."""
    match start:
        case Fresh():
            raise ValueError("A fresh encoder knows nothing yet: pre-train it before it is looked at.")
        case Cut():
            whole = load_body(start.of, store)
            kept = resolve(start.map, start.depth, len(blocks(whole.network)))
            return Loaded(cut(whole.network, kept), whole.tokenizer)
        case Branched():
            raise ValueError("Branches are not looked at before they have learned: name the model that they are of.")
        case ResultOf():
            return load_encoder(store.folder(start.run) / start.place)
        case Pretrained():
            return load_encoder(start.name, start.revision)


def _fresh(start: Fresh, run: Run) -> Loaded:
    if not isinstance(run.method, PretrainSpec):
        raise ValueError(f"A fresh encoder knows nothing yet: pre-train it before {run.method.kind!r}.")
    corpus = load_text(run.method.data, run.method.languages)
    texts = (text for rows in corpus.rows.values() for text in rows["text"])
    tokenizer = learn_tokenizer(texts, start.vocabulary, start.max_length)
    shape = (start.width, start.blocks, start.heads, start.dropout, start.max_length)
    return Loaded(fresh_encoder(len(tokenizer), *shape, seed=run.seed), tokenizer)

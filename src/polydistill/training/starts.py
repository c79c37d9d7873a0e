"""What a run begins with: a network and its tokenizer, fresh, downloaded, or left behind by another run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

from polydistill.data.load import load_text
from polydistill.methods.method import Loaded
from polydistill.methods.pretraining import Pretrain
from polydistill.students.fresh import fresh_encoder, learn_tokenizer
from polydistill.tasks.classification import TASKS
from polydistill.training.run import Fresh, Pretrained, ResultOf, Run
from polydistill.training.store import MODEL, Store


def load_start(start: Fresh | Pretrained | ResultOf, run: Run, store: Store) -> Loaded:
    """The network and tokenizer that a run begins with; a classifier without a head gets a new one."""
    if isinstance(start, Fresh):
        return _fresh(start, run)
    name = str(store.folder(start.run) / MODEL) if isinstance(start, ResultOf) else start.name
    revision = start.revision if isinstance(start, Pretrained) else None
    if isinstance(run.method, Pretrain):
        with quietly():
            network = AutoModelForMaskedLM.from_pretrained(name, revision=revision)
        return Loaded(network, AutoTokenizer.from_pretrained(name, revision=revision))
    return load_classifier(name, TASKS[run.method.task].shape.labels, revision)


def load_classifier(name: str | Path, labels: tuple[str, ...], revision: str | None = None) -> Loaded:
    """A classifier with these label names. Whatever a folder's head calls its labels, their number must agree."""
    with quietly():
        network = AutoModelForSequenceClassification.from_pretrained(
            name, revision=revision, num_labels=len(labels), ignore_mismatched_sizes=False
        )
    network.config.id2label = dict(enumerate(labels))
    network.config.label2id = {label: index for index, label in enumerate(labels)}
    return Loaded(network, AutoTokenizer.from_pretrained(name, revision=revision))


def _fresh(start: Fresh, run: Run) -> Loaded:
    if not isinstance(run.method, Pretrain):
        raise ValueError(f"A fresh encoder knows nothing yet: pre-train it before {run.method.kind!r}.")
    corpus = load_text(run.method.data, run.method.languages)
    texts = (text for rows in corpus.rows.values() for text in rows["text"])
    tokenizer = learn_tokenizer(texts, start.vocabulary, start.max_length)
    shape = (start.width, start.blocks, start.heads, start.dropout, start.max_length)
    return Loaded(fresh_encoder(len(tokenizer), *shape, seed=run.seed), tokenizer)


@contextmanager
def quietly() -> Iterator[None]:
    """Without the bars of `transformers` for moments, and its warning of a new head where one is meant."""
    logging: Any = transformers.logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()

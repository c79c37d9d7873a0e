"""The folders that `transformers` and `sentence-transformers` load."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModel, AutoModelForMaskedLM

from polydistill.exports.checking import Numbers, compare, hear, refuse
from polydistill.exports.reading import Logits, Says, SentenceVectors, TokenVectors, asked, head_of, resting
from polydistill.exports.samples import Batch, Sample, longest
from polydistill.exports.wanted import Check, Wanted
from polydistill.models.adapters import adapted
from polydistill.models.loaded import Loaded
from polydistill.models.mblm_config import MBLM
from polydistill.models.sentence import write_head
from polydistill.starts.loading import predicts_words
from polydistill.starts.sentence import load_sentence_encoder
from polydistill.starts.strict import open_network, quietly
from polydistill.starts.tokenizers import open_tokenizer, save_tokenizer
from polydistill.tasks import AnyTask, task_of


def write_transformers(loaded: Loaded, folder: Path, task: AnyTask | None, wanted: Wanted, sample: Sample) -> Check:
    """Write weights, configuration with labels, and tokenizer; refuse where they say other than the model."""
    _save(loaded, folder)
    if loaded.sentence is not None:
        write_head(loaded.sentence, loaded.network.config.hidden_size, longest(loaded), folder)
    with quietly():
        back = open_network(folder, None, _auto(loaded, task)).network
        again = resting(Loaded(back, open_tokenizer(folder, None, back)))
    kind: Callable[[Loaded], Says] = (
        Logits if task is not None or predicts_words(loaded.network.config) else TokenVectors
    )
    model = kind(resting(loaded))
    heard = hear(model, _reader(kind(again)), sample.batches(again, task))
    check = compare(model, heard, f"transformers {transformers.__version__}", sample.name)
    refuse(check, wanted)
    return check


def write_sentence_transformers(
    loaded: Loaded, folder: Path, task: AnyTask | None, wanted: Wanted, sample: Sample
) -> Check:
    """The same of the encoder, with the modules that make a sentence's vector of it."""
    assert wanted.pooling is not None and task is None, "what is wanted says so"
    if loaded.network.config.model_type == MBLM:
        raise ValueError(
            "An MBLM is no architecture of transformers, so sentence-transformers could not load it. Export its "
            "sentence vectors as one graph: --format onnx --pooling mean."
        )
    _save(loaded, folder)
    head = head_of(loaded, wanted)
    write_head(head, loaded.network.config.hidden_size, longest(loaded), folder)
    model = SentenceVectors(resting(loaded), head)
    by, other = _vectors_of(folder)
    check = compare(model, hear(model, other, sample.batches(loaded, None)), by, sample.name)
    refuse(check, wanted)
    return check


def _save(loaded: Loaded, folder: Path) -> None:
    if adapted(loaded.network):
        raise ValueError(
            "The model has adapters, which plain transformers cannot hold. Export it as onnx, which computes them."
        )
    with quietly():
        loaded.network.save_pretrained(folder)
        save_tokenizer(loaded.tokenizer, folder)


def _auto(loaded: Loaded, task: AnyTask | None) -> Any:
    """The Auto class that reads the model."""
    if task is not None:
        return task_of(task).head
    return AutoModelForMaskedLM if predicts_words(loaded.network.config) else AutoModel


def _reader(model: Says) -> Callable[[Batch], Numbers]:
    return lambda batch: asked(model, batch.inputs).numpy()


def _vectors_of(folder: Path) -> tuple[str, Callable[[Batch], Numbers]]:
    """Who reads the folder back, and how: sentence-transformers, or, where it is not installed, plain transformers."""
    try:
        import sentence_transformers
    except ImportError:
        back = resting(load_sentence_encoder(folder))
        assert back.sentence is not None, "the folder says how its vectors are made"
        by = f"transformers {transformers.__version__}, as sentence-transformers is not installed"
        return by, _reader(SentenceVectors(back, back.sentence))
    with quietly():
        reader = sentence_transformers.SentenceTransformer(str(folder), device="cpu")

    def vectors(batch: Batch) -> Numbers:
        with torch.no_grad():
            said: Numbers = reader.encode(list(batch.sentences), show_progress_bar=False)
        return said

    return f"sentence-transformers {sentence_transformers.__version__}", vectors

"""The folders that `transformers` and `sentence-transformers` load."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import AutoModel, AutoModelForMaskedLM

from polydistill.exports.checking import Numbers, compare, refuse
from polydistill.exports.reading import Logits, Says, SentenceVectors, TokenVectors, asked, resting
from polydistill.exports.samples import Batch, Sample, longest
from polydistill.exports.wanted import Check, Wanted
from polydistill.models.adapters import adapted
from polydistill.models.heads import BRIDGE, load_bridge, save_bridge
from polydistill.models.loaded import Loaded
from polydistill.models.mblm_config import MBLM
from polydistill.starts.loading import predicts_words
from polydistill.starts.strict import open_network, quietly
from polydistill.starts.tokenizers import open_tokenizer, save_tokenizer
from polydistill.tasks import AnyTask, task_of

_POOLINGS = {"mean": "pooling_mode_mean_tokens", "first": "pooling_mode_cls_token"}
_DENSE = "2_Dense/model.safetensors"


def write_transformers(loaded: Loaded, folder: Path, task: AnyTask | None, wanted: Wanted, sample: Sample) -> Check:
    """Write weights, configuration with labels, and tokenizer; refuse where they say other than the model."""
    _save(loaded, folder)
    if loaded.bridge is not None:
        save_bridge(loaded.bridge, folder / BRIDGE)
    with quietly():
        back = open_network(folder, None, _auto(loaded, task)).network
        again = resting(Loaded(back, open_tokenizer(folder, None, back)))
    kind: Callable[[Loaded], Says] = (
        Logits if task is not None or predicts_words(loaded.network.config) else TokenVectors
    )
    batches = list(sample.batches(again, task))
    check = compare(
        kind(resting(loaded)), _reader(kind(again)), batches, f"transformers {transformers.__version__}", sample.name
    )
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
    _write_modules(loaded, folder, wanted)
    model = SentenceVectors(resting(loaded), wanted.pooling, wanted.normalize)
    by, other = _vectors_of(folder, wanted)
    check = compare(model, other, list(sample.batches(loaded, None)), by, sample.name)
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


def _write_modules(loaded: Loaded, folder: Path, wanted: Wanted) -> None:
    """The files of sentence-transformers, in the form that its older versions read, too."""
    modules = ["Transformer", *(parts := _parts(loaded, wanted))]
    places = ["" if place == 0 else f"{place}_{name}" for place, name in enumerate(modules)]
    listed = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{name}"}
        for place, (path, name) in enumerate(zip(places, modules, strict=True))
    ]
    _write(folder / "modules.json", listed)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": longest(loaded), "do_lower_case": False})
    _write(folder / "config_sentence_transformers.json", {"similarity_fn_name": "cosine"})
    for path, content in zip(places[1:], parts.values(), strict=True):
        _write(folder / path / "config.json", content)
    if loaded.bridge is not None:
        save_bridge(loaded.bridge, folder / _DENSE)


def _parts(loaded: Loaded, wanted: Wanted) -> dict[str, dict[str, Any]]:
    """What makes a sentence's vector of its tokens', in order, each with its settings."""
    pooling = {name: how == wanted.pooling for how, name in _POOLINGS.items()}
    parts = {"Pooling": {"word_embedding_dimension": int(loaded.network.config.hidden_size), **pooling}}
    if loaded.bridge is not None:
        parts["Dense"] = _sizes(loaded.bridge)
    return {**parts, "Normalize": {}} if wanted.normalize else parts


def _sizes(bridge: nn.Linear) -> dict[str, Any]:
    """A bridge in the words of sentence-transformers."""
    sizes = {"in_features": bridge.in_features, "out_features": bridge.out_features, "bias": False}
    return {**sizes, "activation_function": "torch.nn.modules.linear.Identity"}


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _vectors_of(folder: Path, wanted: Wanted) -> tuple[str, Callable[[Batch], Numbers]]:
    """Who reads the folder back, and how: sentence-transformers, or, where it is not installed, plain transformers."""
    try:
        import sentence_transformers
    except ImportError:
        assert wanted.pooling is not None
        with quietly():
            network = open_network(folder, None, AutoModel).network
            back = resting(Loaded(network, open_tokenizer(folder, None, network)))
        if (folder / _DENSE).is_file():
            back = replace(back, bridge=load_bridge(folder / _DENSE))
        by = f"transformers {transformers.__version__}, as sentence-transformers is not installed"
        return by, _reader(SentenceVectors(back, wanted.pooling, wanted.normalize))
    with quietly():
        reader = sentence_transformers.SentenceTransformer(str(folder), device="cpu")

    def vectors(batch: Batch) -> Numbers:
        with torch.no_grad():
            said: Numbers = reader.encode(list(batch.sentences), show_progress_bar=False)
        return said

    return f"sentence-transformers {sentence_transformers.__version__}", vectors

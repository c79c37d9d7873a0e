"""What a run begins with: a network and its tokenizer, fresh, downloaded, or left behind by another run."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    PretrainedConfig,
    PreTrainedModel,
)

from polydistill.data.rows.shapes import RowShape
from polydistill.models.adapters import FILE as ADAPTERS
from polydistill.models.adapters import load_adapters
from polydistill.models.loaded import Loaded
from polydistill.models.static_config import STATIC
from polydistill.starts.heads import has_head, is_of_another_task, label_order, task_in
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import Opened, open_config, open_network, place_of
from polydistill.starts.tokenizers import open_tokenizer
from polydistill.tasks import TASKS, AnyTask, task_of


def load_classifier(
    name: str | Path,
    task: AnyTask = "nli",
    revision: str | None = None,
    head_hidden: int = 0,
) -> Loaded:
    """A model with the head of a task, and with its labels in their order; a multiple-choice head has none.

    `head_hidden` is of a new head on a student without attention: the width of its hidden layer.

    A head that names the same labels in another order is reordered; one that leaves them unnamed (LABEL_0, ...) is
    taken to have them in this order.
    """
    shape, head = task_of(task).shape, task_of(task).head
    labels = shape.labels
    config = open_config(name, revision)
    other = is_of_another_task(config, shape, head)
    order = list(range(len(labels))) if other else label_order(str(name), config, shape, head)
    outputs = {"num_labels": shape.outputs, **_problem(shape)} if shape.outputs else {}
    new_head = other or not has_head(config, head)  # the head of another task makes room for a new one
    if head_hidden and new_head:
        outputs |= _hidden_layer(str(name), config, head_hidden)
    opened = open_network(name, revision, head, new_head=new_head, **outputs)
    network = opened.network
    if order != list(range(len(labels))):
        _reorder(network, order)
    if labels:
        network.config.id2label = dict(enumerate(labels))
        network.config.label2id = {label: index for index, label in enumerate(labels)}
    return _loaded(opened, name, revision)


def _hidden_layer(name: str, config: PretrainedConfig, width: int) -> dict[str, Any]:
    """The setting of a student without attention."""
    if config.model_type != STATIC:
        raise ValueError(
            f"head_hidden={width} is of students without attention; the family {config.model_type!r} ({name}) has a "
            "head of its own. Leave it out."
        )
    return {"classifier_hidden": width}


def _loaded(opened: Opened, name: str | Path, revision: str | None, *, masks: bool = False) -> Loaded:
    """A network with the adapters beside its weights, and its tokenizer."""
    network = with_adapters(opened.network, name, revision)
    tokenizer = open_tokenizer(name, revision, network, masks=masks)
    # A decoder looks for the last piece that is no pad. An MBLM's configuration names no pad, its encoder's does.
    if getattr(network.config, "pad_token_id", tokenizer.pad_token_id) is None:
        network.config.pad_token_id = tokenizer.pad_token_id
    return Loaded(network, tokenizer, new=opened.new)


def _problem(shape: RowShape) -> dict[str, Any]:
    """What the configuration calls the problem, where it is not plain from the labels."""
    names = {"several": "multi_label_classification", "number": "regression"}
    return {"problem_type": names[shape.problem]} if shape.problem in names else {}


def with_adapters(network: PreTrainedModel, name: str | Path, revision: str | None = None) -> PreTrainedModel:
    """The same network, with the adapters that lie beside its weights, if any do; plain `transformers` ignores them."""
    found = beside(name, ADAPTERS, revision)
    if found is not None:
        load_adapters(network, found.parent)
    return network


def beside(name: str | Path, file: str, revision: str | None = None) -> Path | None:
    """A file of ours beside a model's weights, if it is there: adapters, or how sentence vectors are made."""
    return place_of(name, file, revision)


def predicts_words(config: PretrainedConfig) -> bool:
    """Whether a model has been trained with a masked-language-modelling head."""
    return any(kind.endswith(("ForMaskedLM", "ForPreTraining")) for kind in config.architectures or ())


def load_masked(name: str | Path, revision: str | None = None) -> Loaded:
    """A model with the head that predicts hidden words, and its tokenizer."""
    new_head = not predicts_words(open_config(name, revision))
    return _loaded(open_network(name, revision, AutoModelForMaskedLM, new_head=new_head), name, revision, masks=True)


def load_for(start: Pretrained, task: AnyTask) -> Loaded:
    """A model that was tuned for the task."""
    able = tuned_task(start, task)
    if able != task:
        known = "no task" if able is None else f"the task {able!r}"
        raise ValueError(f"{start.name} was tuned for {known}, not for {task!r}. Tune it, or name its own task.")
    return load_classifier(start.name, task, start.revision)


def load_encoder(name: str | Path, revision: str | None = None) -> Loaded:
    """A model without its head, whatever it was trained for, and its tokenizer."""
    loaded = _loaded(open_network(name, revision, AutoModel), name, revision)
    return replace(loaded, network=_without_pooler(loaded.network), new=())


def _without_pooler(network: Any) -> PreTrainedModel:
    """An encoder as others read it: where its pooler was not saved, the weights of that are drawn at random."""
    if getattr(network, "pooler", None) is not None:
        network.pooler = None
    return cast(PreTrainedModel, network)


def load_whole(start: Pretrained) -> Loaded:
    """A model with the head that it has, if any, whatever its labels; adapters beside its weights stay there."""
    name, revision = start.name, start.revision
    config = open_config(name, revision)
    heads = (AutoModelForMaskedLM, *(task.head for task in TASKS.values()))
    fitting = (head for head in heads if has_head(config, head) or (head is heads[0] and predicts_words(config)))
    network = open_network(name, revision, next(fitting, AutoModel)).network
    return Loaded(_without_pooler(network), open_tokenizer(name, revision, network))


def tuned_task(start: Pretrained, wanted: AnyTask | None = None) -> AnyTask | None:
    """The task that a model was tuned for, as far as its head and its labels say.

    A head whose labels are of no named task counts as one of the wanted task, if it may be: reading it says what is
    wrong. Where none is wanted, it is described by its own labels.
    """
    return task_in(open_config(start.name, start.revision), wanted)


def _reorder(network: nn.Module, order: list[int]) -> None:
    """Put the outputs of the head's last layer into this order."""
    layers = [part for part in network.modules() if isinstance(part, nn.Linear) and part.out_features == len(order)]
    with torch.no_grad():
        for values in layers[-1].parameters():
            values.copy_(values[order].clone())

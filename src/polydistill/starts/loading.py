"""What a run begins with: a network and its tokenizer, fresh, downloaded, or left behind by another run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.utils.hub import cached_file

from polydistill.data.rows.labels import spelled
from polydistill.models.adapters import FILE as ADAPTERS
from polydistill.models.adapters import load_adapters
from polydistill.models.heads import BRIDGE, load_bridge
from polydistill.models.loaded import Loaded
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TASKS, TaskName


def load_classifier(
    name: str | Path,
    labels: tuple[str, ...],
    revision: str | None = None,
    head: Any = AutoModelForSequenceClassification,
) -> Loaded:
    """A model with this head, and with these labels in this order; a multiple-choice head has none.

    A head that names the same labels in another order is reordered; one that leaves them unnamed (LABEL_0, ...) is
    taken to have them in this order.
    """
    with quietly():
        config = AutoConfig.from_pretrained(name, revision=revision)
        other = _is_of_another_task(config, labels, head)
        order = list(range(len(labels))) if other else _label_order(str(name), config, labels, head)
        outputs = {"num_labels": len(labels)} if labels else {}
        # the head of another task makes room for a new one
        network = head.from_pretrained(name, revision=revision, ignore_mismatched_sizes=other, **outputs)
    if order != list(range(len(labels))):
        _reorder(network, order)
    if labels:
        network.config.id2label = dict(enumerate(labels))
        network.config.label2id = {label: index for index, label in enumerate(labels)}
    return Loaded(with_adapters(network, name, revision), AutoTokenizer.from_pretrained(name, revision=revision))


def with_adapters(network: PreTrainedModel, name: str | Path, revision: str | None = None) -> PreTrainedModel:
    """The same network, with the adapters that lie beside its weights, if any do; plain `transformers` ignores them."""
    found = beside(name, ADAPTERS, revision)
    if found is not None:
        load_adapters(network, found.parent)
    return network


def beside(name: str | Path, file: str, revision: str | None = None) -> Path | None:
    """A file of ours beside a model's weights, if it is there: adapters, or a bridge."""
    found = cached_file(name, file, revision=revision, _raise_exceptions_for_missing_entries=False)
    return None if found is None else Path(found)


def predicts_words(config: PretrainedConfig) -> bool:
    """Whether a model has been trained with a masked-language-modelling head."""
    return any(kind.endswith(("ForMaskedLM", "ForPreTraining")) for kind in config.architectures or ())


def load_masked(name: str | Path, revision: str | None = None) -> Loaded:
    """A model with the head that predicts hidden words, and its tokenizer."""
    with quietly():
        network = with_adapters(AutoModelForMaskedLM.from_pretrained(name, revision=revision), name, revision)
    return Loaded(network, AutoTokenizer.from_pretrained(name, revision=revision))


def load_for(start: Pretrained, task: TaskName) -> Loaded:
    """A model that was tuned for the task."""
    able = task_of(start, task)
    if able != task:
        known = "no task" if able is None else f"the task {able!r}"
        raise ValueError(f"{start.name} was tuned for {known}, not for {task!r}. Tune it, or name its own task.")
    return load_classifier(start.name, TASKS[task].shape.labels, start.revision, TASKS[task].head)


def load_encoder(name: str | Path, revision: str | None = None) -> Loaded:
    """A model without its head, whatever it was trained for, and its tokenizer."""
    with quietly():
        network = with_adapters(AutoModel.from_pretrained(name, revision=revision), name, revision)
    return Loaded(_without_pooler(network), AutoTokenizer.from_pretrained(name, revision=revision))


def load_sentence_encoder(name: str | Path, revision: str | None = None) -> Loaded:
    """The same, with the bridge that its sentence vectors were learned with, if there is one."""
    file = beside(name, BRIDGE, revision)
    return replace(load_encoder(name, revision), bridge=None if file is None else load_bridge(file))


def _without_pooler(network: Any) -> PreTrainedModel:
    """An encoder as others read it: where its pooler was not saved, the weights of that are drawn at random."""
    if getattr(network, "pooler", None) is not None:
        network.pooler = None
    return cast(PreTrainedModel, network)


def load_whole(start: Pretrained) -> Loaded:
    """A model with the head that it has, if any, whatever its labels; adapters beside its weights stay there."""
    name, revision = start.name, start.revision
    config = AutoConfig.from_pretrained(name, revision=revision)
    heads = (AutoModelForMaskedLM, *(task.head for task in TASKS.values()))
    fitting = (head for head in heads if has_head(config, head) or (head is heads[0] and predicts_words(config)))
    with quietly():
        network: Any = next(fitting, AutoModel).from_pretrained(name, revision=revision)
    return Loaded(_without_pooler(network), AutoTokenizer.from_pretrained(name, revision=revision))


def has_head(config: PretrainedConfig, head: Any = AutoModelForSequenceClassification) -> bool:
    """Whether a model has been tuned with this head."""
    return any(head_name(head) in kind for kind in config.architectures or ())


def task_of(start: Pretrained, wanted: TaskName = "nli") -> TaskName | None:
    """The task that a model was tuned for, as far as its head and its labels say.

    A head whose labels are of no task counts as one of the wanted task, if it may be: reading it says what is wrong.
    """
    return task_in(AutoConfig.from_pretrained(start.name, revision=start.revision), wanted)


def task_in(config: PretrainedConfig, wanted: TaskName = "nli") -> TaskName | None:
    """The same of a model's configuration."""
    able = [name for name, task in TASKS.items() if has_head(config, task.head)]
    fitting = [name for name in able if fits(config, TASKS[name].shape.labels)]
    return wanted if wanted in (fitting or able) else next(iter(fitting or able), None)


def fits(config: PretrainedConfig, labels: tuple[str, ...]) -> bool:
    """Whether the outputs of a head are these labels in any order and spelling, or as many without a name."""
    theirs = _named(config)
    unnamed = [f"label_{index}" for index in range(len(labels))]
    return not labels or theirs == unnamed or sorted(spelled(one, labels) for one in theirs) == sorted(labels)


def head_name(head: Any) -> str:
    """What the models of an Auto class have in their names, such as ForSequenceClassification."""
    return str(head.__name__).removeprefix("AutoModel")


def _label_order(name: str, config: PretrainedConfig, labels: tuple[str, ...], head: Any) -> list[int]:
    """For each of our labels, the output of the model's head that stands for it; as they are where there is no head."""
    as_they_are = list(range(len(labels)))
    theirs = _named(config)
    if not labels or not has_head(config, head) or theirs == [f"label_{index}" for index in as_they_are]:
        return as_they_are
    if not fits(config, labels):
        raise ValueError(
            f"{name} is a classifier with the labels {', '.join(theirs)}; expected {', '.join(labels)}, in any order. "
            "Name them so in its config.json (id2label), or start from a model without a head."
        )
    read = [spelled(one, labels) for one in theirs]
    return [read.index(label) for label in labels]


def _named(config: PretrainedConfig) -> list[str]:
    """The labels of a head in the order of its outputs, in lower case."""
    names: dict[Any, str] = config.id2label or {}
    return [names[at].casefold() for at in sorted(names)]


def _is_of_another_task(config: PretrainedConfig, labels: tuple[str, ...], head: Any) -> bool:
    """Whether a model was tuned with another head, or with this one for the labels of another task."""
    if not has_head(config, head):
        return any(has_head(config, task.head) for task in TASKS.values())
    others = (task for task in TASKS.values() if task.head is head and task.shape.labels != labels)
    return not fits(config, labels) and any(fits(config, other.shape.labels) for other in others)


def _reorder(network: nn.Module, order: list[int]) -> None:
    """Put the outputs of the head's last layer into this order."""
    layers = [part for part in network.modules() if isinstance(part, nn.Linear) and part.out_features == len(order)]
    with torch.no_grad():
        for values in layers[-1].parameters():
            values.copy_(values[order].clone())


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

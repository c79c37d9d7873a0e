"""Tiny models on disk, as runs leave them."""

from pathlib import Path

import torch

from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.tasks import TASKS
from tiny import tiny_network, tiny_tokenizer, with_labels

HEADS = {
    "nli": "classes",
    "ner": "tags",
    "choice": "choices",
    "stars": "stars",
    "paraphrase": "paraphrase",
    "qa": "answers",
}
BRANCHES = ("en", "fr")
PLAIN = """
import os, re
for folder in sys.argv[1:]:
    os.chdir(folder)
    exec(re.search(r"```python\\n(.*?)```", open("README.md", encoding="utf-8").read(), re.DOTALL)[1], {})
"""
"""Does what the cards of folders say, in each folder, with `plain.run_plain`."""


def saved(folder: Path, task: str | None = "nli", seed: int = 0, **options) -> Path:
    """A model with a task's head and labels, or (None) with the head that predicts words."""
    network = tiny_network(head="mlm" if task is None else HEADS[task], seed=seed, **options).float()
    labels = () if task is None else TASKS[task].shape.labels
    if labels:
        with_labels(network, labels)
    return keep(network, folder)


def keep(network, folder: Path) -> Path:
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def bank(folder: Path, names=("small-en", "small-tr")) -> Path:
    """A run's folder with several students."""
    for seed, name in enumerate(names):
        saved(folder / "students" / name, None, seed)
    return folder


def learned_mblm(**options):
    network = branched(tiny_network().float(), Branches(languages=BRANCHES, blocks=1, **options)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(0.1 * torch.randn(value.shape, generator=generator))
    labels = TASKS["nli"].shape.labels
    with_labels(network, labels)
    return network

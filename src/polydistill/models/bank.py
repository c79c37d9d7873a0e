"""Monolingual students: small masked language models made of a teacher's parts, which may share parts of their own.

Every student is a plain `transformers` network. What students share are the same modules, so that their parameters
exist once and have one state in the optimiser. If they share everything they are one bilingual (multilingual) student.
"""

import copy
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

import torch
from torch import nn
from transformers import AutoModelForMaskedLM, PretrainedConfig, PreTrainedModel

from polydistill.errors import unknown
from polydistill.models.layers import blocks, decoder, family_of

Part: TypeAlias = int | str
"""What students may share: `embeddings`, `head` (of MLM), or a block by its number."""
Origin = Literal["teacher", "random"]


@dataclass(frozen=True)
class Build:
    """How students are made of a teacher."""

    depth: int
    layers: Mapping[int, int] = field(default_factory=dict)
    """The teacher's block that each of the student's blocks begins as; a block that is not named begins at random."""
    width: int | None = None
    """The teacher's where not said."""
    heads: int | None = None
    """Attention heads; as many as the teacher's where not said."""
    init: Origin = "teacher"
    head_init: Origin = "teacher"
    """`random`: the head's layers before the decoder begin anew (with `init="random"` they do anyway)."""
    share: tuple[Part, ...] = ()
    tie_head: bool = True
    """Whether the decoder is the embedding matrix, or a matrix of its own."""


class Bank(nn.Module):
    """Students by name, each with the languages it reads."""

    def __init__(self, networks: Mapping[str, PreTrainedModel], languages: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        assert networks.keys() == languages.keys(), "every student has languages"
        self.networks = nn.ModuleDict(dict(networks))
        self.languages = dict(languages)

    def of(self, language: str | None) -> dict[str, PreTrainedModel]:
        """The students of a language, by name."""
        if language is None:
            raise ValueError(
                "Monolingual students need batches of one language: set training.batching.batches to 'homogeneous'."
            )
        found = {
            name: cast(PreTrainedModel, self.networks[name])
            for name, codes in self.languages.items()
            if language in codes
        }
        if not found:
            raise unknown("language of a student", language, dict.fromkeys(sum(self.languages.values(), ())))
        return found


def build_students(
    teacher: PreTrainedModel, names: Iterable[str], build: Build, seed: int
) -> dict[str, PreTrainedModel]:
    """A student for each name; what begins at random is drawn from `seed`, for each student anew."""
    config = student_config(teacher, build)
    check_share(build.depth, build.share, build.tie_head)
    students: dict[str, PreTrainedModel] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in names:
            network: PreTrainedModel = AutoModelForMaskedLM.from_config(  # type: ignore[no-untyped-call]
                copy.deepcopy(config), trust_remote_code=False
            )
            students[name] = network.to(teacher.dtype)  # type: ignore[arg-type]
    for network in students.values():
        if build.init == "teacher":
            _begin_as(teacher, network, build)
    first, *others = students.values()
    for other in others:
        _share(first, other, build.share)
    return students


def student_config(teacher: PreTrainedModel, build: Build) -> PretrainedConfig:
    """The teacher's configuration in the student's size."""
    family, config = family_of(teacher), copy.deepcopy(teacher.config)
    width, wide = build.width or config.hidden_size, config.hidden_size
    heads = build.heads or config.num_attention_heads
    if width % heads:
        raise ValueError(
            f"A width of {width} cannot be split among {heads} attention heads. Choose a multiple of {heads}, or "
            "another number of heads."
        )
    if (width, heads) != (wide, config.num_attention_heads) and build.init == "teacher":
        raise ValueError(
            f"A student of width {width} with {heads} heads cannot begin as its teacher, which has width {wide} and "
            f"{config.num_attention_heads} heads: the weights do not fit. Set init to 'random', or leave the width."
        )
    types = getattr(config, "layer_types", None)  # ModernBERT: which blocks look far, and which near
    config.num_hidden_layers = build.depth
    if types:
        config.layer_types = [types[build.layers.get(m, m) - 1] for m in range(1, build.depth + 1)]
    setattr(config, family.feed_forward, round(getattr(config, family.feed_forward) * width / wide))
    config.hidden_size, config.num_attention_heads = width, heads
    config.tie_word_embeddings = build.tie_head
    return config


def check_share(depth: int, share: Collection[Part], tie_head: bool) -> None:
    """Refuse to share what students of this depth do not have, and a tied head without its embeddings."""
    known = ("embeddings", *range(1, depth + 1), "head")
    for part in share:
        if part not in known:
            raise unknown(f"part of students with {depth} blocks", part, known)
    if tie_head and "head" in share and "embeddings" not in share:
        raise ValueError(
            "The head is to be shared and the embeddings are not, but the head's decoder is tied to the embeddings. "
            "Share both or neither, or set tie_head to false."
        )


def _begin_as(teacher: PreTrainedModel, student: PreTrainedModel, build: Build) -> None:
    """Copy the teacher's weights: head first, so that a tied decoder ends as the embeddings are."""
    family = family_of(teacher)
    if build.head_init == "teacher":
        for name in family.head:
            copy_weights(getattr(teacher, name), getattr(student, name))
    else:
        copy_weights(decoder(teacher), decoder(student))
    copy_weights(_embeddings(teacher), _embeddings(student))
    theirs, ours = blocks(teacher), blocks(student)
    for m, n in build.layers.items():
        copy_weights(theirs[n - 1], ours[m - 1])
    if family.closing:
        copy_weights(getattr(teacher.base_model, family.closing), getattr(student.base_model, family.closing))


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """The weights that both have: of ModernBERT's blocks all but the first begin with a norm."""
    weights, wanted = source.state_dict(), target.state_dict()
    target.load_state_dict({name: value for name, value in weights.items() if name in wanted}, strict=False)


def _embeddings(network: PreTrainedModel) -> nn.Module:
    return cast(nn.Module, network.base_model.embeddings)


def _share(first: PreTrainedModel, other: PreTrainedModel, share: Collection[Part]) -> None:
    """Put modules of the first student in the place of the other's own."""
    family = family_of(first)
    ours = cast(nn.ModuleList, family.blocks(other.base_model))
    for part in share:
        if part == "embeddings":
            other.base_model.embeddings = _embeddings(first)
        elif part == "head":
            for name in family.head:
                setattr(other, name, getattr(first, name))
        elif isinstance(part, int):
            ours[part - 1] = blocks(first)[part - 1]
    if family.closing and len(ours) in share:  # it belongs to the last block
        setattr(other.base_model, family.closing, getattr(first.base_model, family.closing))
    other.tie_weights()  # a decoder of its own follows the embeddings that it now has


def parameters_of(networks: Iterable[nn.Module]) -> int:
    """How many parameters these networks have together, shared ones counted once."""
    return sum({id(value): value.numel() for network in networks for value in network.parameters()}.values())

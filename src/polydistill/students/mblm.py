"""MBLM: a multilingual encoder with a branch for each supervised language (MultiKD and MBLM, Student Model).

The bottom K blocks are copied into one branch a language; embeddings, upper blocks and head are shared. Every branch
reads every batch, and after each block a mixer puts together what they say. Of a batch in language k only branch k
learns: what the other branches say is computed without a graph. Freshly built it says what its encoder says.

The encoder stays the network of `transformers` that it was: K items of its list of blocks are exchanged for branched
ones, which hand on one stream of vectors a branch, or one alone.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from polydistill.students.layers import FAMILIES, family_of
from polydistill.students.mblm_config import Branches, MBLMConfig
from polydistill.students.mixing import Mixer

Streams: TypeAlias = dict[str, Tensor]
_OUT = "out"  # the one output of a last mixer


@dataclass(frozen=True)
class Way:
    """How one batch goes through the branches."""

    through: tuple[str, ...]
    """The branches that read it."""
    learning: tuple[str, ...]
    """Those that learn from it."""
    end: str | None = None
    """The branch that alone is followed further, where nothing is mixed at the end."""
    mask_BL: Tensor | None = None


class Guide:
    """Tells all branched blocks of a network the way of the batch at hand."""

    way: Way

    @contextmanager
    def taking(self, way: Way) -> Iterator[None]:
        """Within, batches go this way."""
        self.way = way
        try:
            yield
        finally:
            del self.way  # it holds a batch's mask


class BranchedBlock(nn.Module):
    """One block of every branch, and what is done with what they say."""

    def __init__(self, block: nn.Module, layout: Branches, guide: Guide, last: bool, positions: int) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({code: copy.deepcopy(block) for code in layout.languages})
        self.guide, self.last = guide, last
        self.mixer: Mixer | None = None
        if last and layout.mixers != "none" and layout.heads == "shared":
            self.mixer = Mixer((_OUT,), positions)
        elif not last and layout.mixers == "all":
            self.mixer = Mixer(layout.languages, positions)
        if (kind := getattr(block, "attention_type", None)) is not None:  # ModernBERT asks a block how far it looks
            self.attention_type = kind

    def forward(self, hidden: Tensor | Streams, *args: Any, **kwargs: Any) -> Tensor | Streams:
        """Take what is shared, or a stream a branch; give a stream a branch, and of the last block what is shared."""
        way = self.guide.way
        read = hidden if isinstance(hidden, dict) else dict.fromkeys(way.through, hidden)
        wanted = (way.end,) if self.last and way.end is not None else way.through
        said: Streams = {}
        for code in wanted:
            with _graph(code in way.learning):
                said[code] = self.branches[code](read[code], *args, **kwargs)
        return self._end(said, way) if self.last else self._onward(said, way)

    def _onward(self, said: Streams, way: Way) -> Streams:
        """Every branch hears what all said (eq. 9); that of a branch that does not learn needs no graph either."""
        if self.mixer is None or len(said) == 1:
            return said
        mixed: Streams = {}
        for code in said:
            with _graph(code in way.learning):
                mixed[code] = self.mixer(code, said, way.mask_BL)
        return mixed

    def _end(self, said: Streams, way: Way) -> Tensor:
        """One stream of all: that of a branch alone, or what the last mixer makes of them, or their mean."""
        if len(said) == 1:
            return next(iter(said.values()))
        if self.mixer is None:
            return torch.stack(list(said.values())).mean(0)
        return cast(Tensor, self.mixer(_OUT, said, way.mask_BL))


@contextmanager
def _graph(wanted: bool) -> Iterator[None]:
    with torch.set_grad_enabled(wanted and torch.is_grad_enabled()):
        yield


class BranchedHead(nn.Module):
    """A part of the classifier of which every branch has one of its own."""

    def __init__(self, part: nn.Module, layout: Branches, guide: Guide) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({code: copy.deepcopy(part) for code in layout.languages})
        self.guide = guide

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the branch at hand says."""
        end = self.guide.way.end
        assert end is not None, "a classifier of its own reads its own branch"
        return self.branches[end](*args, **kwargs)


def branch_out(network: PreTrainedModel, layout: Branches, guide: Guide) -> None:
    """Exchange K blocks of a network for branched ones; all branches begin as the block they are copied from."""
    listed = cast(nn.ModuleList, family_of(network).blocks(network.base_model))
    depth, deep = len(listed), layout.blocks
    if deep > depth:
        raise ValueError(f"Branches of {deep} blocks need an encoder with as many; this one has {depth}.")
    places = range(deep) if layout.place == "bottom" else range(depth - deep, depth)
    positions = int(network.config.max_position_embeddings)
    for place in places:
        listed[place] = BranchedBlock(listed[place], layout, guide, place == places[-1], positions)
    if layout.heads == "own":
        _branch_heads(network, layout, guide)


def _branch_heads(network: PreTrainedModel, layout: Branches, guide: Guide) -> None:
    """Exchange what comes after the encoder, and BERT's pooler, which is part of it."""
    base = network.base_model
    if base is network:  # an encoder without a classifier
        return
    heads: list[tuple[nn.Module, str]] = [
        (network, name) for name, part in network.named_children() if part is not base
    ]
    if getattr(base, "pooler", None) is not None:
        heads.append((base, "pooler"))
    for owner, name in heads:
        part = cast(nn.Module, getattr(owner, name))
        if next(part.parameters(), None) is not None:
            setattr(owner, name, BranchedHead(part, layout, guide))


class MBLMPreTrainedModel(PreTrainedModel):
    """What an MBLM with a classifier and one without have in common."""

    config_class = MBLMConfig
    base_model_prefix = "network"
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    config: MBLMConfig

    def __init__(self, config: MBLMConfig) -> None:
        super().__init__(config)
        self.layout, self.guide = config.layout, Guide()

    def branched(self, auto: Any) -> PreTrainedModel:
        """The encoder under this Auto class, branched."""
        base = self.config.encoder
        base.id2label, base.label2id = self.config.id2label, self.config.label2id
        network: PreTrainedModel = auto.from_config(
            base, dtype=torch.get_default_dtype(), attn_implementation=self.config._attn_implementation
        )
        branch_out(network, self.layout, self.guide)
        return network

    def way(self, language: str | None, mask_BL: Tensor | None) -> Way:
        """How a batch of this language goes; of one without a branch, or none, all branches read and learn."""
        layout = self.layout
        if language is None or language not in layout.languages:
            return Way(layout.languages, layout.languages, mask_BL=mask_BL)
        alone = layout.mixers == "none" if self.training else layout.supervised_route == "own"
        return Way(
            through=(language,) if alone else layout.languages,
            learning=(language,) if layout.detach else layout.languages,
            end=language if layout.heads == "own" else None,
            mask_BL=mask_BL,
        )

    @property
    def encoder(self) -> PreTrainedModel:
        """The encoder that branches."""
        raise NotImplementedError

    def get_input_embeddings(self) -> nn.Module:
        """The pieces' vectors."""
        return self.encoder.get_input_embeddings()  # type: ignore[no-untyped-call]

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Put others in their place."""
        self.encoder.set_input_embeddings(value)


class MBLMModel(MBLMPreTrainedModel):
    """An MBLM without a classifier: vectors of tokens. It loads what an MBLM with a classifier has saved."""

    def __init__(self, config: MBLMConfig) -> None:
        super().__init__(config)
        encoder = self.branched(AutoModel)
        encoder.pooler = None  # type: ignore[assignment]
        self.network = nn.Module()  # the weights have the names that they have beside a classifier
        self.network.add_module(encoder.base_model_prefix, encoder)
        self.post_init()  # type: ignore[no-untyped-call]

    @property
    def encoder(self) -> PreTrainedModel:
        """The encoder that branches."""
        return cast(PreTrainedModel, next(self.network.children()))

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        language: str | None = None,
        **more: Any,
    ) -> Any:
        """As the encoder's own; `language` is that of the batch."""
        with self.guide.taking(self.way(language, attention_mask)):
            return self.encoder(input_ids=input_ids, attention_mask=attention_mask, **more)


class MBLMForSequenceClassification(MBLMPreTrainedModel):
    """An MBLM with the classifier of its encoder's family."""

    def __init__(self, config: MBLMConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        self.network = self.branched(AutoModelForSequenceClassification)
        self.post_init()  # type: ignore[no-untyped-call]

    @property
    def encoder(self) -> PreTrainedModel:
        """The encoder that branches."""
        return cast(PreTrainedModel, self.network.base_model)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        language: str | None = None,
        labels: Tensor | None = None,
        **more: Any,
    ) -> SequenceClassifierOutput:
        """Logits, and with `labels` their loss. `language` is that of the batch; without one all branches are mixed.

        `hidden_states`, where asked for, hold those of every branch that read the batch, block by block; the last ones
        are those that the classifier reads.
        """
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask, **more}
        way = self.way(language, attention_mask)
        ends = way.through if self.layout.heads == "own" and way.end is None else (way.end,)
        said = []
        for end in ends:
            with self.guide.taking(replace(way, end=end)):
                said.append(self.network(**inputs))
        logits_BC = torch.stack([one.logits for one in said]).mean(0) if len(said) > 1 else said[0].logits
        loss = None if labels is None else self.loss_function(labels, logits_BC, self.config)
        return SequenceClassifierOutput(loss, logits_BC, said[-1].hidden_states, said[-1].attentions)


def branched(network: PreTrainedModel, layout: Branches) -> MBLMForSequenceClassification:
    """The MBLM of a classifier: it says what the classifier says until it learns."""
    kind = network.config.model_type
    if kind not in FAMILIES:
        raise ValueError(
            f"A {kind!r} model cannot branch: the layout of its blocks is not known here. Families that can: "
            f"{', '.join(FAMILIES)}."
        )
    config = MBLMConfig(base=network.config.to_dict(), branches=layout.model_dump(mode="json"))
    config.id2label, config.label2id = network.config.id2label, network.config.label2id
    model = MBLMForSequenceClassification(config)
    model.to(network.dtype)  # type: ignore[arg-type]
    trained = copy.deepcopy(network)
    branch_out(trained, layout, Guide())
    model.network.load_state_dict(trained.state_dict())
    model.to(network.device)  # type: ignore[arg-type]
    model.train(network.training)
    return model


AutoModel.register(MBLMConfig, MBLMModel)
AutoModelForSequenceClassification.register(MBLMConfig, MBLMForSequenceClassification)

"""MBLM: a multilingual encoder with a branch for each supervised language (MultiKD and MBLM, Student Model).

The bottom K blocks are copied into one branch a language; embeddings, upper blocks and head are shared. Every branch
reads every batch, and after each block a mixer puts together what they say. Of a batch in language k only branch k
learns: what the other branches say is computed without a graph. Freshly built it says what its encoder says.
"""

import copy
from abc import abstractmethod
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from polydistill.models.branching import Guide, Way, branch_out
from polydistill.models.layers import FAMILIES
from polydistill.models.mblm_config import Branches, MBLMConfig


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
            base,
            dtype=torch.get_default_dtype(),
            attn_implementation=self.config._attn_implementation,
            trust_remote_code=False,
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
    @abstractmethod
    def encoder(self) -> PreTrainedModel:
        """The encoder that branches."""

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

    def hidden(self, **inputs: Any) -> tuple[Tensor, ...]:
        """The output of the embeddings and of every block; of a block with branches the mean of those that read."""
        outputs = self(**inputs, output_hidden_states=True)
        said, blocks, layout = outputs.hidden_states, self.config.num_hidden_layers, self.layout
        streams, shared = 1 + (len(said) - 1 - blocks) // layout.blocks, blocks - layout.blocks
        counts = [streams] * layout.blocks
        counts = [*counts, *[1] * shared] if layout.place == "bottom" else [*[1] * shared, *counts]
        parts = iter(said[1:])
        states = [torch.stack([next(parts) for _ in range(count)]).mean(0) for count in counts]
        return (said[0], *states[:-1], outputs.last_hidden_state)


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
    if not type(network).__name__.endswith("ForSequenceClassification"):
        raise ValueError(
            f"An MBLM gives rows a label; a {type(network).__name__} does not. Branch for a task with a label a row."
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

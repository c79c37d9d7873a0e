"""A student without attention: each piece has a vector, and a text's vector is their mean.

Its folder is one that sentence-transformers (`StaticEmbedding`) and model2vec load as it is. B = texts, L = pieces of
a text, D = width, C = classes.
"""

from typing import Any, cast

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedModel
from transformers.conversion_mapping import register_checkpoint_conversion_mapping
from transformers.core_model_loading import WeightRenaming
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

from polydistill.models.heads import pooled
from polydistill.models.sentence import Normalize, Reading, SentenceHead
from polydistill.models.static_config import LONGEST, STATIC, StaticConfig


class StaticModel(PreTrainedModel):  # type: ignore[no-untyped-call]
    """A vector a piece, as an encoder of no blocks. The unknown piece has none: zero, which nothing moves."""

    config_class = StaticConfig
    base_model_prefix = "static"

    def __init__(self, config: StaticConfig) -> None:
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.unk_token_id)
        self.post_init()  # type: ignore[no-untyped-call]

    def get_input_embeddings(self) -> nn.Module:
        """The vectors."""
        return self.embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Others in their place."""
        self.embeddings = cast(nn.Embedding, value)

    def forward(self, input_ids: Tensor, output_hidden_states: bool | None = None, **_: Any) -> BaseModelOutput:
        """The vectors [B, L, D] of the pieces."""
        said_BLD = self.embeddings(input_ids)
        return BaseModelOutput(said_BLD, hidden_states=(said_BLD,) if output_hidden_states else None)


class StaticForSequenceClassification(PreTrainedModel):  # type: ignore[no-untyped-call]
    """The same with a classifier on the text's vector: linear, or with a hidden layer (`classifier_hidden`).

    The vector's length is the root of its width, so that its numbers are of size one, as those of other encoders are.
    """

    config_class = StaticConfig
    base_model_prefix = "static"

    def __init__(self, config: StaticConfig) -> None:
        super().__init__(config)
        width, hidden, classes = config.hidden_size, config.classifier_hidden, config.num_labels or 0
        self.static = StaticModel(config)
        self.classifier: nn.Module = nn.Linear(hidden or width, classes)
        if hidden:
            self.classifier = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), self.classifier)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, output_hidden_states: bool | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        """The logits [B, C]."""
        said_BLD = self.static(input_ids).last_hidden_state
        mean_BD = F.normalize(pooled(said_BLD, attention_mask, "mean"), dim=-1) * said_BLD.shape[-1] ** 0.5
        logits_BC = self.classifier(mean_BD)
        return SequenceClassifierOutput(logits=logits_BC, hidden_states=(said_BLD,) if output_hidden_states else None)


def static_head() -> SentenceHead:
    """The mean of a text's pieces, at length one."""
    return SentenceHead(Reading(static=True, max_length=LONGEST), [Normalize()])


def refuse_attention(network: PreTrainedModel) -> None:
    """Refuse what is no such student."""
    if network.config.model_type != STATIC:
        raise ValueError(
            f"The method 'static' trains students without attention, not a model of the family "
            f"{network.config.model_type!r}. Let it begin as a bag of the model's pieces (a start of the kind 'bag', "
            "as `polydistill static` makes it), or take `align --method sentence`."
        )


AutoModel.register(StaticConfig, StaticModel)
AutoModelForSequenceClassification.register(StaticConfig, StaticForSequenceClassification)
# model2vec's name of the weights in their file, which sentence-transformers knows, too
register_checkpoint_conversion_mapping(STATIC, [WeightRenaming("embeddings", "embeddings.weight")])

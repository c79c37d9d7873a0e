"""How a text becomes a vector: what a folder of sentence-transformers says beyond its encoder, read and written.

`modules.json` lists the parts in order: the encoder, a pooling of its tokens, then dense layers, norms, and the length
one. Prompts, the longest text and lower case stand in two files beside it. B = texts, L = tokens, D = width.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, overload

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from polydistill.defaults import Pooling
from polydistill.models.heads import bridge, pooled
from polydistill.specs import Spec

MODULES, READING, PROMPTS = "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"
POOLINGS: Mapping[Pooling, str] = {
    "first": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean-sqrt": "pooling_mode_mean_sqrt_len_tokens",
    "weighted-mean": "pooling_mode_weightedmean_tokens",
    "last": "pooling_mode_lasttoken",
}
"""By our names, those of sentence-transformers, in the order in which it puts several side by side."""
MODES: Mapping[Pooling, str] = {
    "first": "cls",
    "max": "max",
    "mean": "mean",
    "mean-sqrt": "mean_sqrt_len_tokens",
    "weighted-mean": "weightedmean",
    "last": "lasttoken",
}
"""The same since its version 6."""
ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    one.__name__: one for one in (nn.Identity, nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.LeakyReLU, nn.ELU)
}
_WEIGHTS = "model.safetensors"


class Reading(Spec):
    """How a text is read, and what is made of its tokens' vectors."""

    pooling: tuple[Pooling, ...] = Field(default=("mean",), min_length=1)
    """Several stand side by side in one vector."""
    prompt: str = ""
    """Stands before every text."""
    prompt_tokens: NonNegativeInt = 0
    """Tokens of the prompt that are left out of the pooling."""
    lower: bool = False
    max_length: PositiveInt | None = None
    """Tokens of the longest text; None: what the encoder reads."""
    static: bool = False
    """Whether the text is a bag of pieces (`StaticEmbedding`): the encoder and its mean are one part."""
    truncate: PositiveInt | None = None
    """Features that are kept of a vector, the first ones (Matryoshka)."""

    @property
    def described(self) -> str:
        """In a few words."""
        parts = ["mean of the pieces" if self.static else f"{' and '.join(self.pooling)} of the tokens"]
        parts += [f"prompt {self.prompt!r}"] if self.prompt else []
        parts += ["lower case"] if self.lower else []
        parts += [f"at most {self.max_length} tokens"] if self.max_length else []
        parts += [f"the first {self.truncate} features"] if self.truncate else []
        return ", ".join(parts)


class Dense(nn.Module):
    """A linear layer with its activation and, where there is one, a way around it."""

    def __init__(
        self, linear: nn.Linear, activation: nn.Module | None = None, residual: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.linear, self.activation, self.residual = linear, activation or nn.Identity(), residual

    def forward(self, x_BD: Tensor) -> Tensor:
        """[B, D] in the layer's width."""
        said_BD: Tensor = self.activation(self.linear(x_BD))
        return said_BD if self.residual is None else said_BD + self.residual(x_BD)


class Normalize(nn.Module):
    """Vectors of length one."""

    def forward(self, x_BD: Tensor) -> Tensor:
        """[B, D]."""
        return F.normalize(x_BD, dim=-1)


class SentenceHead(nn.Module):
    """What makes a text's vector of its tokens' vectors."""

    def __init__(self, reading: Reading, parts: Sequence[nn.Module] = ()) -> None:
        super().__init__()
        self.reading, self.parts = reading, nn.ModuleList(parts)

    def forward(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """[B, D]."""
        skip = self.reading.prompt_tokens
        said_BD = torch.cat([pooled(hidden_BLD, mask_BL, how, skip) for how in self.reading.pooling], dim=-1)
        for part in self.parts:
            said_BD = part(said_BD)
        return said_BD if self.reading.truncate is None else said_BD[:, : self.reading.truncate]

    def width(self, hidden: int) -> int:
        """Of the vectors of an encoder of this width."""
        widths = [hidden * len(self.reading.pooling)]
        widths += [part.linear.out_features for part in self.parts if isinstance(part, Dense)]
        return min(widths[-1], self.reading.truncate or widths[-1])

    @property
    def normalized(self) -> bool:
        """Whether the vectors have length one."""
        return bool(self.parts) and isinstance(self.parts[-1], Normalize) and self.reading.truncate is None

    @property
    def described(self) -> str:
        """In a few words."""
        return ", ".join([self.reading.described, *(type(part).__name__ for part in self.parts)])


class SentenceEncoder(nn.Module):
    """An encoder with its head: texts as it reads them become vectors."""

    def __init__(self, network: PreTrainedModel, head: SentenceHead) -> None:
        super().__init__()
        self.network, self.head, self.config = network, head, network.config

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """[B, D]."""
        hidden_BLD = cast(Any, self.network.base_model)(**inputs).last_hidden_state
        return cast(Tensor, self.head(hidden_BLD, inputs["attention_mask"]))


class Prompted(Sequence[str]):
    """Texts behind a prompt, put together when they are read."""

    def __init__(self, prompt: str, texts: Sequence[str]) -> None:
        self.prompt, self.texts = prompt, texts

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[str]:
        return (self.prompt + text for text in self.texts)

    @overload
    def __getitem__(self, rows: int) -> str: ...
    @overload
    def __getitem__(self, rows: slice) -> Sequence[str]: ...
    def __getitem__(self, rows: int | slice) -> str | Sequence[str]:
        found = self.texts[rows]
        return self.prompt + found if isinstance(found, str) else [self.prompt + text for text in found]


def prompted(prompt: str, texts: Sequence[str]) -> Sequence[str]:
    """Texts behind a prompt; without one as they are."""
    return Prompted(prompt, texts) if prompt else texts


def with_width(head: SentenceHead, hidden: int, width: int, dtype: torch.dtype, always: bool = False) -> SentenceHead:
    """The same head, with a new dense layer before the length one where its vectors have another width."""
    if head.width(hidden) == width and not always:
        return head
    begin, end = (head.parts[:-1], head.parts[-1:]) if head.normalized else (head.parts, ())
    last = bridge(head.width(hidden), width, dtype)
    if not isinstance(last, nn.Linear):
        last = nn.Linear(width, width, bias=False, dtype=dtype)
        nn.init.eye_(last.weight)
    return SentenceHead(head.reading, [*begin, Dense(last), *end])


def with_length(head: SentenceHead, normalize: bool) -> SentenceHead:
    """The same head, whose vectors have length one, or have not."""
    if head.normalized == normalize:
        return head
    return SentenceHead(head.reading, [*head.parts, Normalize()] if normalize else list(head.parts[:-1]))


def write_head(head: SentenceHead, hidden: int, longest: int, folder: Path) -> None:
    """Beside an encoder of this width: what makes its folder one of sentence-transformers, older versions too."""
    reading = head.reading
    pooling = [] if reading.static else [("Pooling", _pooling(reading, hidden), None)]
    settings = [*pooling, *((_name(part), _settings(part), part) for part in head.parts)]
    first = "StaticEmbedding" if reading.static else "Transformer"
    listed = [{"idx": 0, "name": "0", "path": "", "type": f"sentence_transformers.models.{first}"}]
    for place, (name, content, part) in enumerate(settings, start=1):
        path = f"{place}_{name}"
        listed.append({"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{name}"})
        _write(folder / path / "config.json", content)
        weights = {} if part is None else part.state_dict()
        if weights:
            kept = {f"norm.{key}" if name == "LayerNorm" else key: value for key, value in weights.items()}
            kept = {key: value.detach().cpu().contiguous() for key, value in kept.items()}
            save_file(kept, folder / path / _WEIGHTS, metadata={"format": "pt"})
    _write(folder / MODULES, listed)
    _write(folder / READING, {"max_seq_length": reading.max_length or longest, "do_lower_case": reading.lower})
    prompts = {"prompts": {"prompt": reading.prompt}, "default_prompt_name": "prompt"} if reading.prompt else {}
    kept_features = {"truncate_dim": reading.truncate} if reading.truncate else {}
    _write(folder / PROMPTS, {**prompts, **kept_features, "similarity_fn_name": "cosine"})


def _pooling(reading: Reading, hidden: int) -> dict[str, Any]:
    if len(reading.pooling) > 1:
        how: dict[str, Any] = {"pooling_mode": [MODES[one] for one in reading.pooling]}
    else:
        how = {name: one in reading.pooling for one, name in POOLINGS.items()}
    return {"word_embedding_dimension": hidden, **how, "include_prompt": reading.prompt_tokens == 0}


def _name(part: nn.Module) -> str:
    return type(part).__name__


def _settings(part: nn.Module) -> dict[str, Any]:
    """A part in the words of sentence-transformers."""
    if isinstance(part, Dense):
        linear, activation = part.linear, type(part.activation)
        around = {} if part.residual is None else {"use_residual": True}
        return {
            "in_features": linear.in_features,
            "out_features": linear.out_features,
            "bias": linear.bias is not None,
            "activation_function": f"{activation.__module__}.{activation.__name__}",
            **around,
        }
    return {"dimension": part.normalized_shape[0]} if isinstance(part, nn.LayerNorm) else {}


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

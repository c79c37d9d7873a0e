"""The loss of monolingual students: the terms of every student of a batch's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.data.batches.batches import Batch
from polydistill.data.batches.masking import IGNORED
from polydistill.methods.method import Method
from polydistill.models import matching
from polydistill.models.bank import Bank
from polydistill.models.capture import Inside, Transparent, look_inside
from polydistill.models.frozen import Frozen
from polydistill.models.layers import head_transform, scoring
from polydistill.models.matching import Layers, Projector
from polydistill.models.trimming.piece_map import PieceMap
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.outputs import Loss, Term

if TYPE_CHECKING:
    from polydistill.methods.monolingual.spec import MonolingualSpec


class Monolingual(Method):
    """Teach the students of a batch's language; the others are left alone."""

    student: Bank

    def __init__(
        self,
        student: Bank,
        teacher: Frozen | None,
        spec: MonolingualSpec,
        layers: Layers,
        pieces: PieceMap,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.student, self.teacher, self.spec, self.layers, self.pieces = student, teacher, spec, layers, pieces
        self.projectors = nn.ModuleDict()
        if teacher is not None:
            wide = _network(teacher).config.hidden_size
            numbers = [0] * bool(spec.weights.emb) + list(layers) * bool(spec.weights.hid)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                for name, network in student.networks.items():
                    own = cast(PreTrainedModel, network)
                    self.projectors[name] = Projector(own.config.hidden_size, wide, numbers, own.dtype)

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, language: str | None = None, **_: Any) -> Loss:
        """The terms of every student of the language."""
        taught = None
        if self.teacher is not None:
            taught = self.teacher(self.pieces.read(text), self._hidden, self._blocks(self.layers.values()))
        students = self.student.of(language)
        terms = {}
        for name, network in students.items():
            for term, value in self._values(name, network, text, labels, taught).items():
                terms[_called(term, name, students)] = Term(value, getattr(self.spec.weights, term))
        return Loss(terms)

    def counts(self, batch: Batch) -> dict[str, int]:
        """Hidden tokens (mlm), positions or texts (hinton), tokens (hid, emb, relations), pairs of tokens (att)."""
        mask_BL, masked = batch["text"]["attention_mask"], int((batch["labels"] != IGNORED).sum())
        tokens, pairs = int(mask_BL.sum()), int(mask_BL.sum(-1).square().sum())
        compared = masked if self.spec.positions == "masked" else tokens
        soft = len(mask_BL) if self.spec.scaling == "sequence_sum" else compared
        counts = {"mlm": masked, "hinton": soft, "hid": tokens, "att": pairs, "emb": tokens, "relations": tokens}
        students = self.student.of(batch["language"])
        wanted = [term for term, weight in self.spec.weights if weight]
        return {_called(term, name, students): counts[term] for name in students for term in wanted}

    @property
    def _hidden(self) -> bool:
        return self.teacher is not None and bool(self.spec.weights.hid or self.spec.weights.emb)

    def _blocks(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Blocks whose attention is needed, of these."""
        weights = self.spec.weights
        return tuple(dict.fromkeys(numbers)) if self.teacher is not None and (weights.att or weights.relations) else ()

    def _values(
        self, name: str, network: PreTrainedModel, text: Mapping[str, Tensor], labels_BL: Tensor, taught: Inside | None
    ) -> dict[str, Tensor]:
        """The terms of one student, unweighted."""
        spec, weights, layers, mask_BL = self.spec, self.spec.weights, self.layers, text["attention_mask"]
        seen = look_inside(network, text, self._hidden, self._blocks(layers))
        values: dict[str, Tensor] = {}
        if weights.mlm or weights.hinton:
            values = self._vocabulary(network, seen, taught, labels_BL, mask_BL.bool())
        if taught is None:
            return values
        project = cast(Projector, self.projectors[name])
        if weights.hid:
            values["hid"] = matching.hid(seen, taught, project, layers, mask_BL, spec.hid)
        if weights.att:
            values["att"] = matching.att(seen, taught, layers, mask_BL, spec.att)
        if weights.emb:
            values["emb"] = matching.emb(seen, taught, project, mask_BL)
        if weights.relations:
            heads = spec.relation_heads or int(_network(cast(Frozen, self.teacher)).config.num_attention_heads)
            values["relations"] = matching.relations(seen, taught, layers, mask_BL, spec.relations, heads)
        return values

    def _vocabulary(
        self, network: PreTrainedModel, seen: Inside, taught: Inside | None, labels_BL: Tensor, real_BL: Tensor
    ) -> dict[str, Tensor]:
        """`mlm` and `hinton`, at the positions that count for one of them."""
        weights, masked_BL = self.spec.weights, labels_BL != IGNORED
        soft_BL = masked_BL if self.spec.positions == "masked" else real_BL
        counts_BL = masked_BL | soft_BL if weights.hinton else masked_BL
        teacher = None
        if weights.hinton:
            assert taught is not None and self.teacher is not None, "soft targets come from a teacher"
            teacher = self.pieces.said(_network(self.teacher), taught.last_BLD[counts_BL], self.spec.lost_mass)
        found = mlm_and_hinton(
            head_transform(network, seen.last_BLD[counts_BL]),
            scoring(network),
            labels_BL[counts_BL] if weights.mlm else None,
            teacher,
            soft_BL[counts_BL],
            temperature=self.spec.temperature,
            scaling=self.spec.scaling,
            sequences=len(labels_BL),
            weights=(weights.mlm, weights.hinton),
        )
        return {name: value for name, value in found._asdict().items() if getattr(weights, name)}


def _called(term: str, name: str, students: Mapping[str, object]) -> str:
    """The name of a student's term: the paper's own, with the student's where several learn from one batch."""
    return term if len(students) == 1 else f"{term}/{name}"


def _network(teacher: Frozen) -> PreTrainedModel:
    return cast(Transparent, teacher.network).network

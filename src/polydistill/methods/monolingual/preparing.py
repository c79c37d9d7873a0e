"""Monolingual students are made of what the run starts from, and their text is read or streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers import PreTrainedTokenizerBase

from polydistill.data.batches.batches import Group
from polydistill.data.batches.masking import masking
from polydistill.data.batches.stream_steps import TextGroup
from polydistill.data.batches.streams import TextStream
from polydistill.data.batches.text_groups import streamed_group, text_group
from polydistill.methods.method import Models, Prepared
from polydistill.methods.monolingual.module import Monolingual
from polydistill.models.bank import Bank, Build, build_students
from polydistill.models.capture import Transparent
from polydistill.models.frozen import Frozen
from polydistill.models.layers import blocks
from polydistill.models.loaded import Loaded
from polydistill.models.trimming.piece_map import piece_map
from polydistill.objectives.layer_maps import resolve

if TYPE_CHECKING:
    from polydistill.methods.monolingual.spec import MonolingualSpec


def prepare(spec: MonolingualSpec, models: Models, seed: int) -> Prepared:
    """One group a language, and the students, made of what the run starts from; that also teaches, if no other does."""
    start, tokenizer = models.student.network, models.student.tokenizer
    taught_by = models.teacher or models.student
    layers = resolve(spec.map, spec.depth, len(blocks(taught_by.network)))
    build = Build(
        depth=spec.depth,
        layers=resolve(spec.init_map, spec.depth, len(blocks(start))) if spec.init == "teacher" else {},
        width=spec.width,
        heads=spec.heads,
        init=spec.init,
        head_init=spec.init_head,
        share=spec.share,
        tie_head=spec.tie_head,
    )
    networks = build_students(start, [student.name for student in spec.students], build, seed)
    bank = Bank(networks, {student.name: student.languages for student in spec.students})
    teacher = Frozen(Transparent(taught_by.network)) if spec.has_teacher else None
    pieces = piece_map(tokenizer, taught_by.tokenizer)
    groups, streams = _text(spec, tokenizer, seed)
    return Prepared(
        Monolingual(bank, teacher, spec, layers, pieces, seed),
        groups,
        masking(tokenizer, spec.mask_rate),
        streams=streams,
        students={name: Loaded(network, tokenizer) for name, network in networks.items()},
    )


def _text(spec: MonolingualSpec, tokenizer: PreTrainedTokenizerBase, seed: int) -> tuple[list[Group], list[TextGroup]]:
    """The text of each language: in memory, or as streams."""
    read = [(source, code) for source, codes in spec.reads for code in codes]
    if spec.buffer is None:
        return [text_group(source, code, tokenizer, spec.max_length) for source, code in read], []
    streams = {code: TextStream(source=source, buffer=spec.buffer, packed=spec.packed) for source, code in read}
    return [], [streamed_group(stream, code, tokenizer, spec.max_length, seed) for code, stream in streams.items()]

"""A model as an ONNX graph, which any ONNX runtime runs without Python's libraries and without ours.

Batches and texts may be of any size. `tokenizer.json` cuts and pads as the model was trained, so that `onnxruntime` and
`tokenizers` alone turn texts into answers. The folder has the layout that optimum, transformers.js and
sentence-transformers load: `onnx/model.onnx`, the configuration, and what makes a sentence's vector of its tokens'.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from polydistill.data.batches.token_ids import column_names
from polydistill.exports.checking import Numbers, compare, hear, refuse, scored
from polydistill.exports.int8 import embedding_in_int8
from polydistill.exports.int8_products import products_in_int8
from polydistill.exports.onnx_folder import (
    LABELS_FILE,
    MODEL_FILE,
    TASK_FILE,
    TOKENIZER_FILE,
    onnx_runtime,
    task_written,
)
from polydistill.exports.reading import Logits, Says, SentenceVectors, TokensToo, head_of, resting
from polydistill.exports.samples import Batch, Sample, longest
from polydistill.exports.softmax import without_guards
from polydistill.exports.wanted import Check, Wanted
from polydistill.models.loaded import Loaded
from polydistill.models.mblm_config import MBLM
from polydistill.models.sentence import write_head
from polydistill.progress import underway
from polydistill.starts.tokenizers import save_tokenizer
from polydistill.tasks import AnyTask, task_of

OPSET = 20  # ours: onnxruntime knows it since 1.17, of early 2024
_EXPORTED, *_TRIED = ((2, 5), (1, 1), (1, 9), (3, 16), (7, 3))  # rows and tokens


def write_onnx(loaded: Loaded, folder: Path, task: AnyTask | None, wanted: Wanted, sample: Sample) -> Check:
    """Write `model.onnx`, the tokenizer and the labels; refuse where it says other than the model.

    In fp32 it is held against the model on random texts of several sizes and on the sample; in int8 on the sample.
    """
    runtime = onnx_runtime("An export to ONNX", "onnx", "onnxscript")  # to change the file, and for torch.onnx
    moved = resting(loaded)
    model = says(moved, task, wanted).float().eval()
    choices = (2,) if task is not None and task_of(task).shape.lists == ("choices",) else ()
    file = folder / MODEL_FILE
    file.parent.mkdir()
    example = _random(moved, _EXPORTED, choices)
    rows: AbstractContextManager[None] = embedding_in_int8(moved.network) if wanted.int8 else nullcontext()
    with rows, underway("The ONNX file is made"):
        _write(model, example, file, wanted.int8)
    session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def says_of(batch: Batch) -> Numbers:
        said: Numbers = session.run([model.output], {name: value.numpy() for name, value in batch.inputs.items()})[0]
        return said

    parts = list(sample.parts(moved, task))
    batches = [batch for part in parts for batch in part.batches()]
    if not wanted.int8:
        batches += [Batch(_random(moved, sizes, choices)) for sizes in (_EXPORTED, *_TRIED)]
    heard = hear(model, says_of, batches)
    texts = sample.name if wanted.int8 else f"{sample.name}, and random ids"
    check = compare(model, heard, f"onnxruntime {runtime.__version__}", texts, wanted.int8)
    if wanted.int8 and task is not None:
        check = check.model_copy(update={"score": scored(task, parts, heard)})
    refuse(check, wanted)
    _write_tokenizer(moved, folder)
    if moved.network.config.model_type != MBLM:  # which others do not know
        moved.network.config.save_pretrained(folder)
    if isinstance(model, SentenceVectors):
        write_head(model.head, moved.network.config.hidden_size, longest(moved), folder)
    if task is not None:
        labels = json.dumps(task_of(task).shape.labels, ensure_ascii=False)
        (folder / LABELS_FILE).write_text(labels + "\n", encoding="utf-8")
        (folder / TASK_FILE).write_text(task_written(task), encoding="utf-8")
    return check


def says(loaded: Loaded, task: AnyTask | None, wanted: Wanted) -> Says:
    """What is exported of the model: its sentence vectors, or what its head says."""
    if wanted.pooling is not None:
        return SentenceVectors(loaded, head_of(loaded, wanted), wanted.language)
    assert task is not None, "without a head there are vectors only"
    return Logits(loaded, wanted.language)


def _write(model: Says, inputs: Mapping[str, Tensor], file: Path, int8: bool) -> None:
    import onnx

    sizes = dict.fromkeys(range(next(iter(inputs.values())).ndim), torch.export.Dim.DYNAMIC)
    written = TokensToo(model) if isinstance(model, SentenceVectors) else model
    outputs = ["last_hidden_state", model.output] if isinstance(model, SentenceVectors) else [model.output]
    with _quietly(), torch.no_grad():
        program = torch.onnx.export(
            written,
            tuple(inputs.values()),
            dynamo=True,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=((sizes,) * len(inputs),),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None, "the exporter that is asked for gives a program"
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # where in whose files of this machine each operation comes from
    _name_axes(program.model.graph)
    program.save(file)
    if int8:
        graph = onnx.load(file)
        without_guards(graph)
        products_in_int8(graph)
        onnx.save(graph, file)
        file.with_name(f"{file.name}.data").unlink(missing_ok=True)  # where all of it was too large for one file


def _name_axes(graph: Any) -> None:
    """Call the sizes that may differ what others call them, everywhere in a graph, instead of by a number."""
    first = next(iter(graph.inputs)).shape
    names = ("batch", "sequence") if len(first) == 2 else ("batch", "choices", "sequence")
    found = {str(size): name for one in graph.inputs for size, name in zip(one.shape, names, strict=True)}
    values = (value for node in graph.all_nodes() for value in node.outputs)
    for value in (*graph.inputs, *values):
        for place, size in enumerate(value.shape or ()):
            if str(size) in found:
                value.shape[place] = found[str(size)]


def _write_tokenizer(loaded: Loaded, folder: Path) -> None:
    """The tokenizer, whose `tokenizer.json`, where it has one, cuts and pads without `transformers`."""
    tokenizer: Any = loaded.tokenizer
    save_tokenizer(tokenizer, folder)
    file = folder / TOKENIZER_FILE
    if file.is_file():
        from tokenizers import Tokenizer

        alone = Tokenizer.from_file(str(file))
        alone.enable_truncation(longest(loaded))
        alone.enable_padding(
            pad_id=tokenizer.pad_token_id, pad_token=tokenizer.pad_token, pad_type_id=tokenizer.pad_token_type_id
        )
        alone.save(str(file))


def _random(loaded: Loaded, sizes: Sequence[int], choices: tuple[int, ...]) -> dict[str, Tensor]:
    """Random texts of a batch, from the second on each one place shorter and padded."""
    rows, tokens = sizes
    drawn = torch.Generator().manual_seed(rows)
    shape = (rows, *choices, tokens)
    names, vocabulary = column_names(loaded.tokenizer), _vocabulary(loaded)
    ends = torch.arange(tokens, 0, -1).repeat(rows)[:rows].view(rows, *(1 for _ in choices), 1)
    mask = (torch.arange(tokens) < ends).long().expand(shape).contiguous()
    ids = torch.randint(0, vocabulary, shape, generator=drawn)
    pads = mask == 0
    columns = {name: torch.zeros(shape, dtype=torch.long) for name in names}
    columns["input_ids"] = ids.masked_fill(pads, int(loaded.tokenizer.pad_token_id))
    return {**columns, "attention_mask": mask}


def _vocabulary(loaded: Loaded) -> int:
    embedding = cast(nn.Embedding, loaded.network.get_input_embeddings())
    return embedding.num_embeddings


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's word on operators of torchvision, and the warnings of the libraries about each other."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)

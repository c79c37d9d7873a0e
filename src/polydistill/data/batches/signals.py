"""Teacher signals that cannot change, computed once and kept on disk as an Arrow column.

A signal is what a frozen teacher says of a text: its logits, or a vector. The file's name is a hash of the teacher's
weights and configuration, of the very token ids it reads (so: of text, tokenizer and length limit), and of which signal
is wanted. Change one of them and another file is used.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from filelock import FileLock
from torch import Tensor, nn

from polydistill.data.batches.batches import length_batches
from polydistill.data.batches.encoding import Encoded, Floats
from polydistill.data.files.growing import pieces, room_for
from polydistill.errors import DataError
from polydistill.whole import sweep_files, written_whole

Read = Callable[[Mapping[str, Tensor]], Tensor]


def weights_fingerprint(network: nn.Module) -> str:
    """A hash of every weight of a network, by name."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def signal_key(teacher: nn.Module, text: Encoded, wanted: str) -> str:
    """The name of a signal: changes with the teacher, the token ids and what is wanted of them."""
    digest = hashlib.sha256()
    config = getattr(teacher, "config", None)
    digest.update(f"{wanted} {config.to_json_string() if config is not None else ''}".encode())
    digest.update(weights_fingerprint(teacher).encode())
    for name, column in sorted(text.columns.items()):
        digest.update(name.encode())
        for piece in pieces(column):
            digest.update(piece.astype(np.int64).tobytes())  # eight bytes each, however they are kept
    digest.update(text.offsets.tobytes())
    return digest.hexdigest()[:32]


@torch.no_grad()
def compute_signals(read: Read, text: Encoded, batch_size: int, device: torch.device) -> Floats:
    """What `read` says of every text, one row a text; texts are batched by length."""
    signals: Floats | None = None
    for rows, inputs in length_batches(text, batch_size, device):
        said = read(inputs).float().cpu().numpy()
        if signals is None:
            signals = room_for((len(text), *said.shape[1:]), np.float32)
        signals[rows] = said
    assert signals is not None, "there are texts to read"
    return signals


def stored_signals(
    folder: Path, teacher: nn.Module, text: Encoded, wanted: str, read: Read, batch_size: int, device: torch.device
) -> Floats:
    """The signals from `folder`, computed and written there first if they are not. Processes take turns."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{signal_key(teacher, text, wanted)}.arrow"
    with FileLock(folder / f"{file.name}.lock"):
        sweep_files(folder, f"{file.name}.*")
        if not file.exists():
            _write(file, compute_signals(read, text, batch_size, device))
    return _read(file)


def _write(file: Path, signals: Floats) -> None:
    column = pa.FixedSizeListArray.from_arrays(pa.array(signals.reshape(-1)), signals.shape[1])
    if lost := int((~np.isfinite(signals).all(axis=1)).sum()):
        raise ValueError(
            f"The teacher says of {lost} of {len(signals)} texts what is not a finite number. Nothing was stored: its "
            "weights are damaged, or it has diverged when it was trained. Name another teacher."
        )
    with (
        written_whole(file) as unfinished,
        pa.OSFile(str(unfinished), "wb") as sink,
        pa.ipc.new_file(sink, pa.schema([("signal", column.type)])) as writer,
    ):
        writer.write_batch(pa.record_batch([column], names=["signal"]))


def _read(file: Path) -> Floats:
    try:
        column: Any = pa.ipc.open_file(pa.memory_map(str(file))).get_batch(0).column("signal")  # a view of the file
        flat = column.flatten().to_numpy(zero_copy_only=True)
    except (pa.ArrowException, KeyError, OSError) as error:
        found = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise DataError(file, None, found, "stored signals", "Remove the file: it is computed again.") from error
    return np.asarray(flat, dtype=np.float32).reshape(len(column), -1)

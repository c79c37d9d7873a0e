"""Teacher signals that cannot change: each text is read once and what the teacher says of it is kept.

A signal is what a frozen teacher says of a text: its logits, or a vector. Signals of one teacher and one kind have a
folder, whose name is a hash of its weights, its configuration and what is wanted. A text is known there by a hash of
the very token ids that are read (so: of text, tokenizer and length limit), whichever run or group it came from.

    signals/4c1f.../            one teacher, one kind
        0b7e....arrow           a piece: some thousand texts and their signals, written whole or not at all

Only texts that are asked for are read. Reading that was cut goes on after its last piece, with the same batches.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import torch
from filelock import FileLock
from numpy.typing import NDArray
from torch import Tensor, nn

from polydistill.data.batches.batches import Values, length_batches
from polydistill.data.batches.encoding import Encoded, Floats, Ints, Repeated
from polydistill.data.files.growing import room_for
from polydistill.progress import Shown
from polydistill.whole import sweep_files, written_whole

Read = Callable[[Mapping[str, Tensor]], Tensor]
Keys = NDArray[np.bytes_]

_PIECE = 4096  # ours: texts that are read before they are kept
_KEY = 16  # bytes of a text's hash
_hashed: WeakKeyDictionary[nn.Module, tuple[Any, str]] = WeakKeyDictionary()


def weights_fingerprint(network: nn.Module) -> str:
    """A hash of every weight of a network, by name."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def teacher_key(teacher: nn.Module, wanted: str) -> str:
    """The name of what a teacher says: changes with its weights, its configuration and what is wanted of it."""
    state = tuple((value.data_ptr(), value._version) for value in teacher.state_dict(keep_vars=True).values())
    known = _hashed.get(teacher)
    if known is None or known[0] != state:  # weights that nothing has written to since are not hashed again
        known = _hashed[teacher] = state, weights_fingerprint(teacher)
    config = getattr(teacher, "config", None)
    said = f"{wanted} {config.to_json_string() if config is not None else ''} {known[1]}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def text_keys(text: Encoded, rows: Ints) -> Keys:
    """The hash of each of these rows: of all its token ids, in all columns."""
    texts, together = text.take(rows), text.choices or 1
    digests = []
    for start in range(0, len(texts), together):
        digest = hashlib.blake2b(digest_size=_KEY)
        for one in texts[start : start + together]:
            for name, ids in sorted(one.items()):
                digest.update(f"{name} {len(ids)} ".encode())
                digest.update(ids.astype(np.int32).tobytes())
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), dtype=f"S{_KEY}")


@torch.no_grad()
def compute_signals(
    read: Read, text: Encoded, batch_size: int, device: torch.device, shown: Shown | None = None
) -> Floats:
    """What `read` says of every text, one row a text; texts are batched by length.

    `shown` counts the texts where they are part of more; else they are shown alone.
    """
    signals: Floats | None = None
    with _reading(len(text)) if shown is None else nullcontext(shown) as told:
        for rows, inputs in length_batches(text, batch_size, device):
            said = read(inputs).float().cpu().numpy()
            if signals is None:
                signals = room_for((len(text), *said.shape[1:]), np.float32)
            signals[rows] = said
            told.more(len(rows))
    assert signals is not None, "there are texts to read"
    return signals


def _reading(count: int) -> Shown:
    return Shown("The teacher reads", count, unit="text")


class SignalStore:
    """What one teacher said of texts, of one kind: pieces on disk, which are mapped and not read into memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: list[str] = []
        self._pieces: list[Floats] = []
        self._keys: Keys = np.zeros(0, dtype=f"S{_KEY}")  # in order
        self._places: Ints = np.zeros((0, 2), dtype=np.int64)  # of each key: its piece, and its row in it

    def find(self, keys: Keys) -> Ints:
        """For each text, in which piece it is and where: [texts, 2]. Both are -1 where it was never read."""
        self._look()
        if not len(self._keys):
            return np.full((len(keys), 2), -1, dtype=np.int64)
        at = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        return np.where((self._keys[at] == keys)[:, None], self._places[at], -1)

    def take(self, places: Ints) -> Floats:
        """The signals of these places."""
        taken = np.empty((len(places), self._pieces[0].shape[1]), dtype=np.float32)
        for piece in np.unique(places[:, 0]).tolist():
            here = places[:, 0] == piece
            taken[here] = self._pieces[piece][places[here, 1]]
        return taken

    def add(self, keys: Keys, signals: Floats) -> None:
        """Keep the signals of these texts."""
        texts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_KEY), len(keys), [None, pa.py_buffer(keys.tobytes())])
        column = pa.FixedSizeListArray.from_arrays(pa.array(signals.reshape(-1)), signals.shape[1])
        if lost := int((~np.isfinite(signals).all(axis=1)).sum()):
            raise ValueError(
                f"The teacher says of {lost} of {len(signals)} texts what is not a finite number. None of it was "
                "stored: its weights are damaged, or it has diverged when it was trained. Name another teacher."
            )
        batch = pa.record_batch([texts, column], names=["text", "signal"])
        name = hashlib.sha256(keys.tobytes()).hexdigest()[:32]
        with (
            written_whole(self.folder / f"{name}.arrow") as unfinished,
            pa.OSFile(str(unfinished), "wb") as sink,
            pa.ipc.new_file(sink, batch.schema) as writer,
        ):
            writer.write_batch(batch)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the folder: processes take turns, so that a text that two of them need is read once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "lock"):
            sweep_files(self.folder)  # what a killed process left: who writes holds the lock
            yield

    def _look(self) -> None:
        """Take in the pieces that have come since."""
        new = sorted({file.name for file in self.folder.glob("*.arrow")} - set(self._files))
        for name in new:
            try:
                batch: Any = pa.ipc.open_file(pa.memory_map(str(self.folder / name))).get_batch(0)
                flat = batch.column("signal").flatten().to_numpy(zero_copy_only=True)
                keys = np.frombuffer(batch.column("text").buffers()[1], dtype=f"S{_KEY}", count=len(batch))
            except (pa.ArrowException, KeyError):  # damaged: what it held is read again
                (self.folder / name).unlink(missing_ok=True)
                continue
            places = np.stack([np.full(len(keys), len(self._files)), np.arange(len(keys))], axis=1)
            self._files.append(name)
            self._pieces.append(np.asarray(flat, dtype=np.float32).reshape(len(batch), -1))
            self._keys, self._places = np.concatenate([self._keys, keys]), np.concatenate([self._places, places])
        if new:
            order = np.argsort(self._keys, kind="stable")
            self._keys, self._places = self._keys[order], self._places[order]


@lru_cache(maxsize=64)
def _store(folder: Path) -> SignalStore:
    return SignalStore(folder)


class StoredSignals:
    """What a teacher says of the texts of a group, by row; a text is read when it is first asked for, if ever.

    Whoever knows which rows will be needed calls `settle`: they are read at once, in batches of similar lengths, and
    the teacher is let go.
    """

    def __init__(self, store: SignalStore, text: Encoded, read: Read, batch_size: int, device: torch.device) -> None:
        self._store, self._text = store, text
        self._read: Read | None = read
        self._batch_size, self._device = batch_size, device
        self._places = np.full((len(text), 2), -1, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: Ints) -> Floats:
        self._have(rows)
        return self._store.take(self._places[rows])

    def settle(self, rows: Ints) -> None:
        """Have the signals of these rows at hand. No others are asked for, so the teacher is not needed any more."""
        self._have(rows)
        self._read = None

    def _have(self, rows: Ints) -> None:
        """Find these rows in the store, or have them read by the teacher and kept there."""
        unknown = np.unique(rows[self._places[rows, 0] < 0])
        if not len(unknown):
            return
        keys = text_keys(self._text, unknown)
        places = self._store.find(keys)
        if (places < 0).any():
            with self._store.turn():
                self._read_missing(unknown, keys)
            places = self._store.find(keys)
        self._places[unknown] = places

    def _read_missing(self, rows: Ints, keys: Keys) -> None:
        """Read what is still missing, each text once, piece by piece from the shortest to the longest."""
        _, first = np.unique(keys, return_index=True)
        first.sort()
        missing = first[self._store.find(keys[first])[:, 0] < 0]
        missing = missing[np.argsort(self._text.lengths[rows[missing]], kind="stable")]
        size = self._batch_size * max(1, _PIECE // self._batch_size)  # whole batches: where it was cut changes none
        with _reading(len(missing)) as shown:
            for start in range(0, len(missing), size):
                piece = missing[start : start + size]
                text = self._text.select(rows[piece])
                assert self._read is not None, "no row is asked for that was not among the settled ones"
                self._store.add(keys[piece], compute_signals(self._read, text, self._batch_size, self._device, shown))


def stored_signals(
    folder: Path, teacher: nn.Module, text: Encoded, wanted: str, read: Read, batch_size: int, device: torch.device
) -> StoredSignals:
    """What the teacher says of each text, kept in `folder`. Nothing is read before it is asked for."""
    store = _store((folder / teacher_key(teacher, wanted)).resolve())
    return StoredSignals(store, text, read, batch_size, device)


def settle(values: Values, rows: Ints) -> None:
    """Have what a teacher says of these rows of a group read, where that is what the values are."""
    if isinstance(values, Repeated):
        settle(values.values, rows % len(values.values))
    elif isinstance(values, StoredSignals):
        values.settle(rows)

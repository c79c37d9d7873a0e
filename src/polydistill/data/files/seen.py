"""Which texts came before, in eight bytes a text: for corpora whose texts do not fit into memory."""

import hashlib
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


def normal(text: str) -> str:
    """The text as it is compared: in Unicode's composed form (NFC), without spaces that cannot be seen."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def hashes(keys: Sequence[str]) -> Hashes:
    """Eight bytes a key. Two of ten million different keys share them in one of 400,000 corpora."""
    digests = b"".join(hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(digests, dtype=np.uint64)


class Seen:
    """A set of hashes that takes eight bytes for each (sixteen while it is put in order), and learns many at once."""

    def __init__(self) -> None:
        self._sorted: list[Hashes] = []  # each at least twice as long as the next, so that there are few to look into

    def __len__(self) -> int:
        return sum(map(len, self._sorted))

    def new(self, found: Hashes) -> NDArray[np.bool_]:
        """Which of these come for the first time; from now on they are known."""
        _, first = np.unique(found, return_index=True)
        fresh = np.zeros(len(found), dtype=np.bool_)
        fresh[first] = True
        for known in self._sorted:
            at = np.searchsorted(known, found).clip(max=len(known) - 1)
            fresh &= known[at] != found
        self._learn(np.sort(found[fresh]))
        return fresh

    def _learn(self, fresh: Hashes) -> None:
        if not len(fresh):
            return
        while self._sorted and len(self._sorted[-1]) < 2 * len(fresh):
            fresh = np.sort(np.concatenate([self._sorted.pop(), fresh]))
        self._sorted.append(fresh)

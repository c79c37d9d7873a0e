import functools
import gc
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
import typer.main
from transformers import PreTrainedTokenizerFast

from polydistill.results import RunResult, score_of
from tiny import tiny_tokenizer

MakeRun = Callable[..., RunResult]


def pytest_collection_finish() -> None:
    """What was imported stays: the collections of garbage that each training run asks for need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_waiting() -> Iterator[None]:
    """Nothing waits until the disk has what was written, and the commands are made of the jobs once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr("typer.testing._get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test leaves anything in the cache of whoever runs it."""
    os.environ["POLYDISTILL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """A small tokenizer of the mini-world's languages; the networks of `tiny.py` read what it writes."""
    return tiny_tokenizer()


@pytest.fixture
def make_run() -> MakeRun:
    """A run with exactly the given number of right answers of 100 a language, placed at random by the seed."""

    def make(
        name: str,
        right: dict[str, int],
        seed: int = 0,
        labels_seen: Sequence[str] = ("en",),
        selected_on: Sequence[str] = ("dev/en",),
        data_fingerprint: str = "rows",
    ) -> RunResult:
        generator = np.random.default_rng([seed, *name.encode()])
        scores = []
        for code, count in right.items():
            correct = generator.permutation(100) < count
            scores.append(score_of(code, correct, data_fingerprint=data_fingerprint))
        return RunResult(
            run_id=f"{name}-{seed}",
            name=name,
            seed=seed,
            scores=tuple(scores),
            labels_seen=tuple(labels_seen),
            selected_on=tuple(selected_on),
            data_fingerprint="training",
            model_fingerprint="model",
            seconds=1.5,
            versions={"torch": "2.9"},
        )

    return make

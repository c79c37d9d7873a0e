"""Work that takes long on real sizes shows how far it is."""

import itertools
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from rich.console import Console

import polydistill
from polydistill import progress
from polydistill.data.batches.encoding import encode_texts, encode_with_places, from_lists
from polydistill.data.batches.signals import compute_signals
from polydistill.data.files.seen import Seen
from polydistill.data.translations.filters import EVERY_PAIR, keep
from polydistill.progress import Shown
from polydistill.retrieval.neighbours import nearest
from polydistill.starts.tokenizers import open_tokenizer


@pytest.fixture
def shown(monkeypatch):
    """What is said of each work, as if all took its time; a line for each part."""
    file = StringIO()
    ticks = itertools.count(step=20)  # seconds
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setattr(Shown, "console", Console(file=file, width=200))
    return file


def test_text_that_is_read_for_a_model_is_shown(shown, own_model):
    tokenizer = open_tokenizer(own_model)
    encode_texts(tokenizer, ["one two"] * 3, None, 16)
    encode_texts(tokenizer, ["one two"] * 4, ["two"] * 4, 16)
    encode_with_places(tokenizer, ["one two"] * 5, None, 16)
    assert all(f"Text is read: text {count} of {count}," in shown.getvalue() for count in (3, 4, 5))


def test_pairs_of_a_corpus_are_shown(shown):
    keep([("one", "eins"), ("two", "zwei")], EVERY_PAIR, None, Seen(), np.random.default_rng(0))
    assert "Pairs are read: 2 pairs, " in shown.getvalue()


def test_searches_and_signals_are_shown(shown):
    vectors = torch.eye(3)
    nearest(vectors, vectors, 1)
    assert "Searched: text 3 of 3," in shown.getvalue()
    text = from_lists({"input_ids": [[1, 2], [3]]}, {"input_ids": 0})
    compute_signals(lambda inputs: inputs["input_ids"][:, :1], text, 1, torch.device("cpu"))
    assert "The teacher reads: text 2 of 2," in shown.getvalue()


@pytest.mark.slow
def test_bench_trim_and_exports_are_shown(shown, own_model, tmp_path):
    polydistill.export(own_model, tmp_path / "onnx", "onnx")
    polydistill.bench(own_model, tmp_path / "onnx", rows=6, turns=2)
    polydistill.trim(own_model, "en", ["world:?rows=50"], out=tmp_path / "trimmed")
    for line in ("The model is opened: ", "Checked: ", "The ONNX file is made: ", "Models are measured: turn 4 of 4,"):
        assert line in shown.getvalue(), line
    assert "The trimmed model is written: " in shown.getvalue()

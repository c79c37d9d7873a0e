"""Teacher signals are computed once, are what the teacher says, and are never taken for another teacher's or text's."""

import multiprocessing
import time
from dataclasses import replace
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
import torch

from polydistill.data.batches import signals as signals_module
from polydistill.data.batches.encoding import encode_texts, from_lists
from polydistill.data.batches.signals import (
    compute_signals,
    stored_signals,
    teacher_key,
    text_keys,
    weights_fingerprint,
)
from polydistill.models.frozen import Frozen
from polydistill.models.polyglot import Polyglot
from tiny import tiny_network

TEXTS = ["The old woman sees a cat.", "Kedi", "Une femme voit un chat et un chien.", "x", "a b c d e f g", "ılık İ"]
CPU = torch.device("cpu")


@pytest.fixture
def network():
    return tiny_network(seed=4, dropout=0.3, dtype=torch.float32)


@pytest.fixture
def text(tokenizer):
    return encode_texts(tokenizer, TEXTS, None, 40)


class Counting:
    """Reads with a frozen teacher and counts how many texts it read."""

    def __init__(self, network):
        self.teacher, self.texts = Frozen(Polyglot(network)), 0

    def __call__(self, inputs):
        self.texts += len(inputs["input_ids"])
        return self.teacher(inputs, "en").logits_BC


def one_by_one(network, text):
    teacher = Frozen(Polyglot(network))
    rows = [torch.from_numpy(row["input_ids"])[None] for row in text.take(np.arange(len(text)))]
    return np.concatenate(
        [teacher({"input_ids": ids, "attention_mask": torch.ones_like(ids)}).logits_BC for ids in rows]
    )


@pytest.mark.parametrize("batch_size", [1, 2, 4, 64])
def test_signals_are_in_the_order_of_the_texts(network, text, batch_size):
    read = Counting(network)
    signals = compute_signals(read, text, batch_size, CPU)
    assert signals.shape == (len(TEXTS), 3)
    assert signals.dtype == np.float32
    assert read.texts == len(TEXTS)
    np.testing.assert_allclose(signals, one_by_one(network, text), rtol=1e-4, atol=1e-5)


def stored(folder, network, text, wanted, read, batch_size=2):
    """The signals of all texts."""
    return stored_signals(folder, network, text, wanted, read, batch_size, CPU)[np.arange(len(text))]


def test_stored_is_computed_and_the_second_call_reads_the_files(network, text, tmp_path):
    read = Counting(network)
    wanted = compute_signals(Counting(network), text, 2, CPU)
    first = stored(tmp_path / "new" / "folder", network, text, "logits", read)
    assert read.texts == len(TEXTS)
    second = stored(tmp_path / "new" / "folder", network, text, "logits", read)
    assert read.texts == len(TEXTS)
    np.testing.assert_array_equal(first, wanted)
    np.testing.assert_array_equal(second, wanted)
    assert len(list((tmp_path / "new" / "folder").rglob("*.arrow"))) == 1
    assert not list((tmp_path / "new" / "folder").rglob("*.unfinished"))


def test_only_rows_that_are_asked_for_are_read(network, text, tmp_path):
    read = Counting(network)
    signals = stored_signals(tmp_path, network, text, "logits", read, 2, CPU)
    assert (len(signals), read.texts) == (len(TEXTS), 0)
    some = signals[np.array([4, 1, 4])]
    assert read.texts == 2
    np.testing.assert_array_equal(some[0], some[2])
    np.testing.assert_allclose(some, one_by_one(network, text)[[4, 1, 4]], rtol=1e-4, atol=1e-5)
    signals.settle(np.array([1, 2, 4]))
    assert read.texts == 3
    with pytest.raises(AssertionError, match="not among the settled"):
        signals[np.array([0])]


def test_a_text_is_read_once_whichever_group_holds_it(network, tokenizer, text, tmp_path):
    read = Counting(network)
    stored(tmp_path, network, text, "logits", read)
    other = encode_texts(tokenizer, ["Kedi", "Something new.", "Kedi", "Kedi", "Something new."], None, 40)
    got = stored(tmp_path, network, other, "logits", read)
    assert read.texts == len(TEXTS) + 1
    np.testing.assert_array_equal(got[0], stored(tmp_path, network, text, "logits", read)[1])
    np.testing.assert_array_equal(got[1], got[4])


def test_reading_goes_on_where_it_was_cut_with_the_same_signals(network, text, tmp_path, monkeypatch):
    monkeypatch.setattr(signals_module, "_PIECE", 2)
    wanted = stored(tmp_path / "whole", network, text, "logits", Counting(network))

    class Cut(Counting):
        def __call__(self, inputs):
            if self.texts == 4:
                raise KeyboardInterrupt
            return super().__call__(inputs)

    cut = Cut(network)
    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path / "cut", network, text, "logits", cut)
    assert len(list((tmp_path / "cut").rglob("*.arrow"))) == 2
    rest = Counting(network)
    got = stored(tmp_path / "cut", network, text, "logits", rest)
    assert (cut.texts, rest.texts) == (4, len(TEXTS) - 4)
    np.testing.assert_array_equal(got, wanted)


def test_a_damaged_piece_is_read_again(network, text, tmp_path):
    wanted = stored(tmp_path / "one", network, text, "logits", Counting(network))
    (piece,) = (tmp_path / "one").rglob("*.arrow")
    other = tmp_path / "two" / piece.parent.name
    other.mkdir(parents=True)
    (other / piece.name).write_bytes(piece.read_bytes()[:-20])
    read = Counting(network)
    np.testing.assert_array_equal(stored(tmp_path / "two", network, text, "logits", read), wanted)
    assert read.texts == len(TEXTS)


def test_vectors_too(network, text, tmp_path):
    teacher = Frozen(Polyglot(network))

    def read(inputs):
        return teacher(inputs, first=True).first_BD

    signals = stored(tmp_path, network, text, "first", read, 64)
    assert signals.shape == (len(TEXTS), 16)
    np.testing.assert_array_equal(signals, compute_signals(read, text, 64, CPU))


def test_signals_are_mapped_and_not_read_into_memory(network, tokenizer, tmp_path):
    words = ["".join(letters) for letters in product("abcdefghijklmno", repeat=3)][:3000]
    many = encode_texts(tokenizer, [f"text {word}" for word in words], None, 12)
    allocated = pa.total_allocated_bytes()
    signals = stored_signals(tmp_path, network, many, "logits", Counting(network), 512, CPU)
    signals.settle(np.arange(3000))
    assert pa.total_allocated_bytes() - allocated < 3 * 4 * 3000 / 2
    assert signals[np.arange(5)].shape == (5, 3)


def changed_weight(network):
    with torch.no_grad():
        network.classifier.out_proj.weight[1, 3] += 1e-3
    return network


def changed_config(network):
    network.config.layer_norm_eps *= 2
    return network


@pytest.mark.parametrize(("change", "says_other"), [(changed_weight, True), (changed_config, False)])
def test_another_teacher_is_asked_again(network, text, tmp_path, change, says_other):
    before = teacher_key(network, "logits")
    old = stored(tmp_path, network, text, "logits", Counting(network))
    read = Counting(change(network))
    assert teacher_key(network, "logits") != before
    new = stored(tmp_path, network, text, "logits", read)
    assert read.texts == len(TEXTS)
    assert (new != old).any() == says_other  # so small a change of the configuration is lost in rounding


def test_another_text_tokenizer_or_limit_is_another_text(tokenizer, text):
    flat, rows = text.columns["input_ids"], np.arange(len(TEXTS))
    keys = text_keys(text, rows)
    assert len(set(keys.tolist())) == len(TEXTS)
    np.testing.assert_array_equal(text_keys(text, rows[::-1]), keys[::-1])  # wherever it stands
    np.testing.assert_array_equal(text_keys(encode_texts(tokenizer, TEXTS, None, 40), rows), keys)
    wide = replace(text, columns={"input_ids": flat.astype(np.int64)})
    np.testing.assert_array_equal(text_keys(wide, rows), keys)
    for other in (
        encode_texts(tokenizer, [text + "!" for text in TEXTS], None, 40),
        replace(text, columns={"input_ids": np.where(flat > 4, flat + 1, flat)}),
        replace(text, columns={**text.columns, "token_type_ids": np.zeros_like(flat)}),
    ):
        assert not (text_keys(other, rows) == keys).any()
    shorter = text_keys(encode_texts(tokenizer, TEXTS, None, 8), rows)
    assert shorter[0] != keys[0]


def test_keys_hold_over_copies_of_the_weights(network):
    copy = tiny_network(seed=9, dropout=0.3, dtype=torch.float32)
    assert teacher_key(copy, "logits") != teacher_key(network, "logits")
    copy.load_state_dict(network.state_dict())
    assert teacher_key(copy.eval(), "logits") == teacher_key(network, "logits")
    assert teacher_key(network, "first") != teacher_key(network, "logits")


def test_fingerprints_see_every_weight_its_name_type_and_shape():
    def fingerprint(**weights):
        return weights_fingerprint(torch.nn.ParameterDict(weights))

    ones = torch.ones(2, 3)
    seen = [fingerprint(a=ones), fingerprint(b=ones), fingerprint(a=ones.T), fingerprint(a=ones.double())]
    nudged = ones.clone()
    nudged[1, 2] = torch.nextafter(nudged[1, 2], torch.tensor(2.0))
    seen += [
        fingerprint(a=nudged),
        fingerprint(a=ones, b=ones),
        fingerprint(a=ones.bfloat16()),
        fingerprint(a=ones[0, 0]),
    ]
    assert len(set(seen)) == len(seen)
    assert fingerprint(a=ones) == seen[0]


def test_what_was_left_unfinished_is_swept_and_not_taken_for_done(network, text, tmp_path):
    left = tmp_path / teacher_key(network, "logits") / ".piece.arrow.123.unfinished"
    left.parent.mkdir()
    left.write_bytes(b"half a file of a process that was killed")
    read = Counting(network)
    signals = stored(tmp_path, network, text, "logits", read)
    assert read.texts == len(TEXTS)
    assert not left.exists()
    np.testing.assert_array_equal(signals, compute_signals(Counting(network), text, 2, CPU))


def _slow_first_ids(inputs):
    time.sleep(0.2)
    return inputs["input_ids"][:, :2].float()


def _store(folder, begin, done):
    """What each of two processes does; `done` gets the texts that were read and the signals that came back."""
    torch.set_num_threads(1)
    texts = from_lists({"input_ids": [[5, 6], [7, 8, 9], [10, 11]]}, {"input_ids": 1})
    read = []

    def slow(inputs):
        read.append(len(inputs["input_ids"]))
        return _slow_first_ids(inputs)

    begin.wait()
    signals = stored(folder, torch.nn.Linear(1, 1, bias=False).requires_grad_(False), texts, "x", slow)
    done.put((sum(read), signals.tolist()))


def test_two_processes_at_once(tmp_path):
    fork = multiprocessing.get_context("fork")
    begin, done = fork.Barrier(2), fork.Queue()
    torch.manual_seed(0)  # both make the same teacher
    processes = [fork.Process(target=_store, args=(tmp_path, begin, done)) for _ in range(2)]
    for process in processes:
        process.start()
    results = [done.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert sorted(read for read, _ in results) == [0, 3]  # one computes, the other waits and reads
    assert all(signals == [[5.0, 6.0], [7.0, 8.0], [10.0, 11.0]] for _, signals in results)
    assert len(list(tmp_path.rglob("*.arrow"))) == 1


def test_nothing_that_is_not_finite_is_kept(network, text, tmp_path):
    with pytest.raises(ValueError, match=r"of 6 of 6 texts what is not a finite number. None of it was stored"):
        stored(tmp_path, network, text, "logits", lambda inputs: torch.full((len(inputs["input_ids"]), 3), torch.nan))
    assert not list(tmp_path.rglob("*.arrow"))

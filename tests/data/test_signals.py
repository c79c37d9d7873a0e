"""Teacher signals are computed once, are what the teacher says, and are never taken for another teacher's or text's."""

import multiprocessing
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from polydistill.data.batches.encoding import Encoded, encode_texts, from_lists
from polydistill.data.batches.signals import compute_signals, signal_key, stored_signals, weights_fingerprint
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


def test_stored_is_computed_and_the_second_call_reads_the_file(network, text, tmp_path):
    read = Counting(network)
    wanted = compute_signals(Counting(network), text, 2, CPU)
    first = stored_signals(tmp_path / "new" / "folder", network, text, "logits", read, 2, CPU)
    assert read.texts == len(TEXTS)
    second = stored_signals(tmp_path / "new" / "folder", network, text, "logits", read, 2, CPU)
    assert read.texts == len(TEXTS)
    np.testing.assert_array_equal(first, wanted)
    np.testing.assert_array_equal(second, wanted)
    assert len(list((tmp_path / "new" / "folder").glob("*.arrow"))) == 1
    assert not list((tmp_path / "new" / "folder").glob("*.tmp"))


def test_vectors_too(network, text, tmp_path):
    teacher = Frozen(Polyglot(network))

    def read(inputs):
        return teacher(inputs, first=True).first_BD

    signals = stored_signals(tmp_path, network, text, "first", read, 64, CPU)
    assert signals.shape == (len(TEXTS), 16)
    np.testing.assert_array_equal(signals, compute_signals(read, text, 64, CPU))


def test_signals_are_mapped_and_not_read_into_memory(network, text, tmp_path):
    many = np.tile(np.arange(len(text)), 500)
    allocated = pa.total_allocated_bytes()
    signals = stored_signals(tmp_path, network, text.select(many), "logits", Counting(network), 512, CPU)
    assert signals.nbytes == 3 * 4 * len(many)
    assert pa.total_allocated_bytes() - allocated < signals.nbytes / 2
    assert not signals.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        signals[0, 0] = 0.0


def changed_weight(network):
    with torch.no_grad():
        network.classifier.out_proj.weight[1, 3] += 1e-3
    return network


def changed_config(network):
    network.config.layer_norm_eps *= 2
    return network


@pytest.mark.parametrize(("change", "says_other"), [(changed_weight, True), (changed_config, False)])
def test_another_teacher_is_asked_again(network, text, tmp_path, change, says_other):
    before = signal_key(network, text, "logits")
    old = stored_signals(tmp_path, network, text, "logits", Counting(network), 2, CPU)
    read = Counting(change(network))
    assert signal_key(network, text, "logits") != before
    new = stored_signals(tmp_path, network, text, "logits", read, 2, CPU)
    assert read.texts == len(TEXTS)
    assert (new != old).any() == says_other  # so small a change of the configuration is lost in rounding


def test_another_text_tokenizer_limit_or_wish_is_another_signal(network, tokenizer, text):
    flat = text.columns["input_ids"]
    longer = [*text.offsets[:1], text.offsets[1] - 1, *text.offsets[2:]]
    variants: dict[str, tuple[Encoded, str]] = {
        "the same": (text, "logits"),
        "wish": (text, "first"),
        "text": (encode_texts(tokenizer, ["The old man sees a cat.", *TEXTS[1:]], None, 40), "logits"),
        "order": (text.select(np.array([1, 0, 2, 3, 4, 5])), "logits"),
        "limit": (encode_texts(tokenizer, TEXTS, None, 8), "logits"),
        "tokenizer": (replace(text, columns={"input_ids": np.where(flat > 4, flat + 1, flat)}), "logits"),
        "column": (replace(text, columns={**text.columns, "token_type_ids": np.zeros_like(flat)}), "logits"),
        "offsets": (replace(text, offsets=np.array(longer)), "logits"),
    }
    keys = {name: signal_key(network, *variant) for name, variant in variants.items()}
    assert len(set(keys.values())) == len(variants)
    again = encode_texts(tokenizer, TEXTS, None, 40)
    wide = replace(text, columns={"input_ids": flat.astype(np.int64)})
    assert signal_key(network, again, "logits") == signal_key(network, wide, "logits") == keys["the same"]


def test_keys_hold_over_copies_of_the_weights(network, text):
    copy = tiny_network(seed=9, dropout=0.3, dtype=torch.float32)
    assert signal_key(copy, text, "logits") != signal_key(network, text, "logits")
    copy.load_state_dict(network.state_dict())
    assert signal_key(copy.eval(), text, "logits") == signal_key(network, text, "logits")


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


def test_what_was_left_unfinished_is_not_taken_for_done(network, text, tmp_path):
    file = tmp_path / f"{signal_key(network, text, 'logits')}.arrow"
    file.with_suffix(".123.tmp").write_bytes(b"half a file of a process that was killed")
    read = Counting(network)
    signals = stored_signals(tmp_path, network, text, "logits", read, 2, CPU)
    assert read.texts == len(TEXTS)
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
    signals = stored_signals(folder, torch.nn.Linear(1, 1, bias=False).requires_grad_(False), texts, "x", slow, 2, CPU)
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
    assert len(list(tmp_path.glob("*.arrow"))) == 1

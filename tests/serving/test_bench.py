"""Models side by side: what is counted is right, what is timed is all there, and trouble says which model has it."""

import json
import math
import re
import shutil
import time

import pytest
from transformers import AutoModelForSequenceClassification

import polydistill as pd
from polydistill import machine
from polydistill.serving import bench_worker
from polydistill.serving.bench import Bench, Measured, Settings, _rows, bench
from polydistill.serving.bench_worker import Ended, Job, Opened, Ready, Trouble, Turn, serve

PAIR = {"premise": "A dog runs.", "hypothesis": "It runs."}


def job(model, **other):
    given = {"task": "nli", "rows": [PAIR] * 5, "batch_size": 2, "singles": 3, "threads": 1, "clock": "processor"}
    return Job.model_validate({"model": str(model), **given, **other}).model_dump_json()


def answers(*lines):
    said = []
    serve(lines, said.append)
    return said


@pytest.mark.slow
def test_two_models_in_processes_of_their_own(model, exported):
    settings = Settings(rows=12, turns=2, singles=3, batch_size=4, threads=1)
    done = bench([model, exported], settings)
    ours, theirs = done.models
    assert (ours.backend, theirs.backend) == ("PyTorch", "ONNX Runtime")
    assert Bench.model_validate_json(done.model_dump_json()) == done
    assert done.speedups(ours) == [1.0, 1.0]
    assert done.text == "the mini-world"
    assert "onnxruntime" in done.versions
    for one, folder in ((ours, model), (theirs, exported)):
        assert len(one.reading_seconds) == 2
        assert len(one.latency_seconds) == 6
        assert 0 < one.latency(50) <= one.latency(95)
        assert one.disk == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        assert 0 < one.memory_before <= one.peak_memory
        assert one.load_seconds > 0


@pytest.mark.slow
def test_cards_come_to_say_how_fast_models_are(exported, model, tmp_path):
    folder = tmp_path / "exported"
    shutil.copytree(exported, folder)
    before = (folder / "README.md").read_text()
    for turns in (1, 2):  # the second time in place of the first
        done = pd.bench(folder, model, rows=4, turns=turns, threads=1, cards=True)
        said = (folder / "README.md").read_text()
        assert said == before.replace("Speed: not recorded", f"Speed: {done.speed(done.models[0])}") != before
    assert re.search(
        r"Speed: [\d,]+ rows of the mini-world a second, 32 at a time; .* ONNX Runtime with 1 thread of", said
    )
    with pytest.raises(ValueError, match="None of the models has a card that says how fast it is"):
        pd.bench(model, rows=4, cards=True)


def test_parameters_of_both_backends(model, exported):
    *_, pytorch = answers(job(model), "end")
    *_, onnx = answers(job(exported), "end")
    network = AutoModelForSequenceClassification.from_pretrained(model)
    assert pytorch.parameters == sum(value.numel() for value in network.parameters())
    assert math.isclose(onnx.parameters, pytorch.parameters, rel_tol=0.1)  # a graph holds shapes, too, and no dead rows


def test_a_worker_reads_all_rows_and_then_rows_alone(model, monkeypatch):
    seen = []
    monkeypatch.setattr(bench_worker, "read", lambda reader, rows, job: seen.append(len(rows)))
    ready, opened, turn, ended = answers(job(model), "turn 0", "end")
    assert [type(one) for one in (ready, opened, turn, ended)] == [Ready, Opened, Turn, Ended]
    assert seen == [2, 5, 1, 1, 1]
    assert len(turn.alone) == 3


def test_trouble_is_told(tmp_path):
    _, said = answers(job(tmp_path))
    assert isinstance(said, Trouble)
    assert "holds no model" in said.error


@pytest.mark.slow
def test_a_model_that_cannot_be_measured_is_named(model):
    with pytest.raises(ValueError, match=r"model cannot be measured: .* tuned for the task 'nli', not for 'stars'"):
        bench([model], Settings(task="stars", rows=3, turns=1))


def test_a_process_that_ends_is_told_of(model, monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ValueError, match=r"The process that measured .*model ended with code 1"):
        bench([model], Settings(rows=3, turns=1))


def test_rows_come_from_a_file_or_the_world(tmp_path):
    lines = tmp_path / "rows.jsonl"
    lines.write_text((json.dumps({**PAIR, "id": 1}) + "\n") * 4)
    assert _rows(Settings(rows=3), lines) == [PAIR] * 3
    table = tmp_path / "rows.csv"
    table.write_text("sentence1,sentence2,review\na,b,c\n")
    assert _rows(Settings(), table) == [{"premise": "a", "hypothesis": "b"}]
    assert _rows(Settings(task=None), table) == [{"text": "c"}]
    plain = tmp_path / "text.txt"
    plain.write_text("One.\n\nTwo of them.\n")
    assert [row["premise"] for row in _rows(Settings(), plain)] == ["One.", "Two of them."]
    assert [row["tokens"] for row in _rows(Settings(task="ner"), plain)] == [["One."], ["Two", "of", "them."]]
    assert [row["review_body"] for row in _rows(Settings(task="stars"), plain)] == ["One.", "Two of them."]
    assert len({row["premise"] for row in _rows(Settings(rows=13), None)}) > 6
    with pytest.raises(ValueError, match="Cannot read the row"):
        _rows(Settings(task="choice"), plain)
    plain.write_text("\n")
    with pytest.raises(ValueError, match="has no rows"):
        _rows(Settings(), plain)


def test_the_times_of_several_threads_add_up():
    with pytest.raises(ValueError, match="processor's time of 2 threads adds up"):
        Settings(clock="processor", threads=2)


def test_the_processor_does_not_count_while_it_waits(model, monkeypatch):
    monkeypatch.setattr(bench_worker, "read", lambda reader, rows, job: time.sleep(0.05))
    turns = {clock: answers(job(model, clock=clock), "turn 0")[2] for clock in ("wall", "processor")}
    assert turns["wall"].reading >= 0.05 > turns["processor"].reading


def test_nothing_to_measure():
    with pytest.raises(ValueError, match="No model is named"):
        bench([], Settings())


def test_the_speedup_is_taken_within_turns():
    def measured(*seconds):
        rest = {"backend": "PyTorch", "parameters": 1, "disk": 1, "load_seconds": 1.0, "peak_memory": 1}
        return Measured(model="m", memory_before=1, reading_seconds=seconds, latency_seconds=(1.0, 3.0), **rest)

    slow, fast = measured(2.0, 8.0, 4.0), measured(1.0, 2.0, 2.0)
    rest = {"processor": "", "cores": 1, "load_average": (0.0, 0.0), "versions": {}, "text": ""}
    done = Bench(settings=Settings(rows=8), models=(slow, fast), **rest)
    assert done.speedups(fast) == [2.0, 4.0, 2.0]
    assert done.rows_a_second(slow) == [4.0, 1.0, 2.0]
    assert slow.latency(50) == 2.0


def test_a_peak_is_no_less_than_what_is_held_now():
    assert machine.peak_resident() >= 0.9 * machine.resident() > 0
    assert machine.processor()
    assert machine.cores() >= 1

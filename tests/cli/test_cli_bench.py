"""`polydistill bench` prints a line a model and writes every measurement."""

from pathlib import Path

import pytest

from polydistill.serving.bench import Bench, Measured

SLOW = Measured(
    model="big",
    backend="PyTorch",
    parameters=278_000_000,
    disk=1_112_000_000,
    load_seconds=2.5,
    peak_memory=1_700_000_000,
    memory_before=500_000_000,
    reading_seconds=(10.0, 20.0),
    latency_seconds=(0.1, 0.1, 0.3),
)
FAST = SLOW.model_copy(
    update={"model": "[small]", "backend": "ONNX Runtime", "parameters": None, "reading_seconds": (1.0, 2.0)}
)


@pytest.fixture
def asked(monkeypatch):
    """What the command asked to be measured; the answer is made up."""
    seen = {}

    def measured(models, settings, text):
        seen.update(settings.model_dump(), models=models, text=text)
        return Bench(
            processor="a CPU",
            cores=2,
            load_average=(0.5, 2.0),
            versions={},
            settings=settings,
            text="t",
            models=(SLOW, FAST),
        )

    monkeypatch.setattr("polydistill.serving.bench.bench", measured)
    return seen


def test_bench_prints_a_table_and_writes_json(polydistill, asked, work):
    shown = polydistill("bench big small --task nli --text t --rows 100 --threads 2 --lang de --json bench.json")
    assert shown.exit_code == 0, shown.output
    assert asked["models"] == ("big", "small")
    assert (asked["text"], asked["rows"], asked["threads"], asked["language"]) == (Path("t"), 100, 2, "de")
    big, small = (
        words for words in map(str.split, shown.stdout.splitlines()) if words and words[0] in ("big", "[small]")
    )
    assert " ".join(big) == "big PyTorch 7.5 1.00x 100.0 280.0 1,700 (+1,200) 1,112.0 278.0 M 2.50"
    assert small[1:5] == ["ONNX", "Runtime", "75.0", "10.00x"]
    assert "?" in small
    assert "100 rows of t, 32 at a time, 5 turns, 2 threads" in shown.stderr
    assert [one.model for one in Bench.model_validate_json(Path("bench.json").read_text()).models] == ["big", "[small]"]


def test_bench_names_what_is_not_there(polydistill, work):
    assert "There is no folder './lost'" in polydistill("bench ./lost --rows 2").stderr

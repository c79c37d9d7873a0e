"""Models and data sets by their names on the hub, from a server of this machine that misbehaves as networks do.

The commands run in one process of their own, which knows the hub by HF_ENDPOINT alone, with a cache of its own.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub import stand_in
from polydistill.tasks import TASKS
from tiny import tiny_network, tiny_tokenizer, with_labels

pytestmark = pytest.mark.slow
LABELS = TASKS["nli"].shape.labels
ROWS = "".join(
    json.dumps({"premise": f"Dog {at} sleeps.", "hypothesis": "It is awake.", "label": "contradiction"}) + "\n"
    for at in range(4)
)
WORKER = """
import json, logging, shlex, sys, time, traceback
time.sleep = lambda seconds: None  # before the hub's library asks again it waits, up to a minute in all
logging.raiseExceptions = False  # the streams of a command that has ended are closed
from huggingface_hub import constants
constants.DOWNLOAD_CHUNK_SIZE = 4096  # else our small files arrive in one piece, or not at all
from typer.testing import CliRunner
from polydistill.cli import app
for line in sys.stdin:
    done = CliRunner().invoke(app, shlex.split(line))
    ours = done.exception is not None and not isinstance(done.exception, SystemExit)
    trace = "".join(traceback.format_exception(done.exception)) if ours else ""
    answer = [done.exit_code, done.stdout, done.stderr, trace]
    print("ANSWER " + json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The files of a model."""
    folder = tmp_path_factory.mktemp("model")
    network = tiny_network().float()
    with_labels(network, LABELS)
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def server():
    with stand_in() as (hub, _):
        yield hub


@pytest.fixture
def hub(server):
    """The server, which behaves again."""
    server.asked.clear(), server.statuses.clear(), server.cut.clear(), server.wrong.clear()
    return server


@pytest.fixture(scope="module")
def typed(server, place):
    """Types a command: its exit code, and what it printed and said."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))},
        "HF_ENDPOINT": server.address,
        "HF_HOME": str(place / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": "hf_of_a_test",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        cwd=place,
    )  # fmt: skip

    def type_(command):
        worker.stdin.write(command + "\n")
        worker.stdin.flush()
        for line in worker.stdout:
            if line.startswith("ANSWER "):
                code, printed, said, trace = json.loads(line.removeprefix("ANSWER "))
                assert not trace, trace
                return code, printed, said
        raise AssertionError(f"the worker ended with {worker.wait()}")

    yield type_
    worker.stdin.close()
    worker.stdout.close()
    worker.wait()


def evaluate(model):
    Path("rows.jsonl").write_text(ROWS)
    return f"evaluate {model} --data {Path('rows.jsonl').resolve()} --langs en"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_model_by_name_and_then_without_the_hub(hub, typed, model):
    hub.publish("models/me/named", model)
    code, printed, said = typed(evaluate("me/named"))
    assert code == 0, said
    assert any("/me/named/resolve/" in one and "model.safetensors" in one for one in hub.asked)
    hub.asked.clear()
    hub.statuses[:] = [503] * 50
    code, again, said = typed(evaluate("me/named"))
    assert (code, again) == (0, printed), said
    hub.close()
    code, again, said = typed(evaluate("me/named"))
    hub.open()
    assert (code, again) == (0, printed), said
    assert not any("/resolve/" in one for one in hub.asked)


def test_a_run_keeps_the_commit(hub, typed, model, place):
    first = hub.publish("models/me/moving", model)
    rows = place / "train.jsonl"
    rows.write_text(ROWS)
    code, printed, said = typed(f"tune --model me/moving --train {rows} --langs en --steps 1 --print")
    assert code == 0, said
    assert json.loads(printed)["start"] == {"kind": "pretrained", "name": "me/moving", "revision": first}
    (place / "run.json").write_text(printed)
    changed = {**model, "config.json": model["config.json"].replace(b"neutral", b"other")}
    second = hub.publish("models/me/moving", changed)
    hub.asked.clear()
    code, _, said = typed(f"run {place / 'run.json'} --out {place / 'run'}")
    assert code == 0, said
    assert not any(second in one for one in hub.asked)
    code, printed, _ = typed(f"tune --model me/moving@{first} --train {rows} --langs en --steps 1 --print")
    assert code == 0 and json.loads(printed)["start"]["revision"] == first
    code, _, said = typed(f"tune --model me/moving@main --train {rows} --langs en --steps 1 --print")
    assert code == 2 and "may stand for another commit tomorrow" in said


def test_a_download_that_is_cut_goes_on(hub, typed, model):
    hub.publish("models/me/cut", model)
    hub.cut.add("model.safetensors")
    code, _, said = typed(evaluate("me/cut"))
    assert code == 0, said
    found = [int(at[1]) for one in hub.asked if (at := re.search(r"model\.safetensors bytes=(\d+)-", one))]
    assert found and 0 < found[0] <= len(model["model.safetensors"]) // 2, hub.asked


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_wrong_content_is_found(hub, typed, model, name):
    hub.publish(f"models/me/wrong-{name.split('.')[0]}", model)
    hub.wrong.add(name)
    code, _, said = typed(evaluate(f"me/wrong-{name.split('.')[0]}"))
    assert code == 2 and f"{name}: found another content; expected the one that the hub names" in said, said


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "nor a model of the hub that you can read"), (404, "nor a model of the hub that you can read"),
     (403, "cannot be reached (HTTP 403)"), (400, "HTTP 400")],
    ids=str,
)  # fmt: skip
def test_a_refusal_says_so_at_once(hub, typed, status, says):
    hub.statuses.append(status)
    code, _, said = typed(evaluate("me/refused"))
    assert code == 2 and says in said and len(said.strip().splitlines()) == 1, said
    assert len(hub.asked) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_is_asked_again(hub, typed, model, status):
    hub.publish(f"models/me/busy-{status}", model)
    hub.statuses.extend([status, status])
    code, _, said = typed(evaluate(f"me/busy-{status}"))
    assert code == 0, said
    hub.statuses.extend([status] * 50)
    code, _, said = typed(evaluate(f"me/never-{status}"))
    assert code == 2 and f"the hub cannot be reached (HTTP {status})" in said


def test_pickles_and_code_are_refused(hub, typed, model):
    pickled = {name: content for name, content in model.items() if name != "model.safetensors"}
    hub.publish("models/me/pickled", {**pickled, "pytorch_model.bin": b"\x80\x04."})
    code, _, said = typed(evaluate("me/pickled"))
    assert code == 2 and "weights as a pickle, which can run code" in said, said
    assert not any("pytorch_model.bin" in one and one.startswith("GET") for one in hub.asked[-3:])
    config = json.loads(model["config.json"])
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    code_there = {**model, "config.json": json.dumps(config).encode(), "own.py": b"raise SystemExit('it ran')"}
    hub.publish("models/me/coded", code_there)
    code, _, said = typed(evaluate("me/coded"))
    assert code == 2 and "it ran" not in said and "config.json" in said, said
    assert not any("own.py" in one for one in hub.asked)


def test_rows_of_a_data_set_at_a_commit(hub, typed, model):
    hub.publish("models/me/reader", model)
    commit = hub.publish("datasets/me/rows", {"train.jsonl": ROWS.encode(), "README.md": b"---\n---\n"})
    hub.publish("datasets/me/rows", {"train.jsonl": b"", "README.md": b""})
    code, printed, said = typed(f"evaluate me/reader --data hub:me/rows@{commit} --langs en")
    assert code == 0, said
    hub.close()  # it was fetched
    code, again, said = typed(f"evaluate me/reader --data hub:me/rows@{commit} --langs en")
    hub.open()
    assert (code, again) == (0, printed), said
    code, _, said = typed(f"evaluate me/reader --data hub:me/rows@{'f' * 40} --langs en")
    assert code == 2 and len(said.strip().splitlines()) == 1, said

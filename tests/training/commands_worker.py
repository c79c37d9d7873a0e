"""What one process of several does with commands, in `test_several_commands.py`; also typed by one process alone."""

import json
import shlex
from pathlib import Path

import torch
from transformers import AutoModel
from typer.testing import CliRunner

from polydistill.cli import app
from polydistill.tasks import TASKS
from polydistill.training.processes import processes
from tiny import tiny_network, tiny_tokenizer, with_labels

TOGETHER = 8
SHORT = "--steps 3 --max-length 40 --learning-rate 1e-3"
PAIRS = "--parallel en-fr=world:?rows=40"
COMMANDS = {
    "tune": "tune --model tuned --langs en,fr --train world:mini?rows=30 --dev world:mini?rows=8&split=dev "
    "--evaluate-every 1 --test world:mini?rows=8&split=test --accumulation 2",
    "few": "tune --model tuned --langs en --train world:mini?rows=30 --few 16",
    "carried": "tune --model tuned --langs en,fr --labels-from en --train world:mini?rows=30",
    "xd": f"xd --model tuned {PAIRS} --dev world:mini?rows=8&split=dev --langs fr --evaluate-every 1",
    "xd rows": "xd --model tuned --langs en,fr --data world:mini?rows=30 --no-store-teacher",
    "xd text": "xd --model tuned --text fr=rows.jsonl",
    "align": f"align --student words --teacher encoder {PAIRS}",
    "sentence": f"align --method sentence --student encoder --teacher encoder {PAIRS}",
    "multikd": "multikd --student tuned --teacher en=tuned --teacher fr=tuned --train world:mini?rows=30 --branches 1",
    "kld": "kld --model tuned --teacher tuned --teacher-pair en-fr --pair en-tr --data world:mini?rows=30",
    "distill": "distill --teacher words --text en=text.txt --text fr=text.txt --depth 1",
    "streamed": "distill --teacher words --text en=text.txt --depth 1 --buffer 20",
    "static": "static encoder --parallel en-fr=world:?rows=40 --text fr=text.txt --width 8",
    "pretrain": "pretrain --langs en,fr --vocabulary 200 --width 16 --blocks 1 --heads 2",
}


def write_models(folder: Path) -> None:
    """A tuned model, a masked language model and an encoder, all with dropout; rows and text."""
    labels = TASKS["nli"].shape.labels
    tuned = tiny_network(dropout=0.2, dtype=torch.float32)
    with_labels(tuned, labels)
    words = tiny_network(head="mlm", dropout=0.2, dtype=torch.float32)
    for name, network in {"tuned": tuned, "words": words, "encoder": AutoModel.from_config(words.config)}.items():
        network.save_pretrained(folder / name)
        tiny_tokenizer().save_pretrained(folder / name)
    (folder / "text.txt").write_text("".join(f"Every dog sees {at} cats.\n" for at in range(60)))
    row = {"premise": "Every dog sleeps.", "hypothesis": "No dog sleeps."}
    rows = [{**row, "premise": f"Every dog sees {at} cats."} for at in range(40)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def typed(name: str, out: str, processes: int) -> None:
    """Type a command in the folder of the models."""
    short = SHORT.replace("--max-length 40", "") if name == "pretrain" else SHORT
    size = TOGETHER // processes // (2 if "--accumulation" in COMMANDS[name] else 1)
    line = f"{COMMANDS[name]} {short} --batch-size {size} --set training.dropout=row --out {out}"
    done = CliRunner().invoke(app, shlex.split(line))
    assert done.exit_code == 0, f"{line}: {done.output}" + (f"{done.exception!r}" if done.exception else "")


if __name__ == "__main__":
    torch.set_num_threads(1)
    state = processes()
    for name in COMMANDS:
        typed(name, f"{name.replace(' ', '-')}-several", state.num_processes)
    state.wait_for_everyone()
    state.destroy_process_group()

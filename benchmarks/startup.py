"""What commands cost before they begin: processor seconds and peak memory of a process of its own, before and after.

`--before DIR` is the `src` of another state of the project, such as that of a `git worktree` of an earlier commit. The
model has a vocabulary of 250,002 pieces (XLM-R's number) and random weights, so that anyone can run it.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from measuring import Row, markdown, write

PIECES, WIDTH, BLOCKS = 250_002, 384, 12
ROW = ("--premise", "w17 w4 w201", "--hypothesis", "w9 w1")
PYTORCH = "from transformers import AutoModelForSequenceClassification, AutoTokenizer"
BY_HAND = """
import sys, numpy, onnxruntime
from tokenizers import Tokenizer
row = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json").encode("w17 w4 w201", "w9 w1")
session = onnxruntime.InferenceSession(sys.argv[1] + "/onnx/model.onnx")
inputs = {"input_ids": row.ids, "attention_mask": row.attention_mask}
session.run(None, {name: numpy.array([value]) for name, value in inputs.items()})
"""


TRANSFORMERS = f"""
import sys, torch
{PYTORCH}
network = AutoModelForSequenceClassification.from_pretrained(sys.argv[1])
inputs = AutoTokenizer.from_pretrained(sys.argv[1])("w17 w4 w201", "w9 w1", return_tensors="pt")
with torch.no_grad():
    network(**inputs)
"""


MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
"""Begins a command from a process of a few MB: what a process holds when it begins another counts as the other's."""


def make_models(folder: Path, blocks: int = BLOCKS, onnx: bool = True) -> tuple[Path, Path]:
    """A classifier with a large vocabulary, and its export to ONNX, where that is wanted."""
    model, exported = folder / "model", folder / "onnx"
    if (exported / "onnx/model.onnx" if onnx else model / "model.safetensors").is_file():
        return model, exported
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast, XLMRobertaConfig

    from polydistill import export

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [(one, 0.0) for one in special] + [(f"▁w{at}", -float(at % 97)) for at in range(PIECES - len(special))]
    backend = Tokenizer(models.Unigram(pieces, unk_id=3))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = dict(zip(("bos", "pad", "eos", "unk", "mask"), special, strict=True))
    PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=128, **{f"{name}_token": piece for name, piece in names.items()},
        cls_token="<s>", sep_token="</s>", model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(model)  # fmt: skip
    labels = ("entailment", "neutral", "contradiction")
    config = XLMRobertaConfig(
        vocab_size=PIECES, hidden_size=WIDTH, num_hidden_layers=blocks, num_attention_heads=12,
        intermediate_size=4 * WIDTH, max_position_embeddings=130, type_vocab_size=1,
        pad_token_id=1, bos_token_id=0, eos_token_id=2,
        id2label=dict(enumerate(labels)), label2id={label: at for at, label in enumerate(labels)},
    )  # fmt: skip
    AutoModelForSequenceClassification.from_config(config).save_pretrained(model)
    if not onnx:
        return model, exported
    rows = [{"premise": f"w{at} w4 w201", "hypothesis": "w9 w1"} for at in range(20)]  # in words that it knows
    export(model, exported, "onnx", task="nli", check=rows, check_langs="en")
    return model, exported


def older_layout(exported: Path) -> Path:
    """The same export with its graph where version 0.1.0 looks for it."""
    folder = exported.with_name("onnx-0.1.0")
    folder.mkdir(exist_ok=True)
    for file in (*exported.glob("*.json"), exported / "onnx/model.onnx"):
        if not (folder / file.name).exists() and file.name != "files.json":
            os.link(file, folder / file.name)
    return folder


def cost(command: list[str], src: Path) -> tuple[float, float]:
    """Processor seconds of a command, and the most memory that it held, in MB."""
    environment = {**os.environ, "PYTHONPATH": str(src), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    said = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    seconds, most = map(float, said.stdout.split())
    return seconds, most


def main() -> None:
    """Measure and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--before", type=Path, help="the src folder to compare with")
    arguments.add_argument("--models", type=Path, default=Path("runs/startup"), help="where the two models are kept")
    arguments.add_argument("--turns", type=int, default=3)
    given = arguments.parse_args()
    model, exported = map(str, make_models(given.models))
    older = str(older_layout(Path(exported)))
    ours = [sys.executable, "-m", "polydistill"]
    commands = {
        "`import polydistill`": [sys.executable, "-c", "import polydistill"],
        "`--help`": [*ours, "--help"],
        "`list languages`": [*ours, "list", "languages"],
        "`list methods`": [*ours, "list", "methods"],
        "`world --rows 3`": [*ours, "world", "--rows", "3"],
        "`doctor`": [*ours, "doctor"],
        "`predict`, one row, ONNX Runtime": [*ours, "predict", exported, *ROW],
        "`predict`, one row, PyTorch": [*ours, "predict", model, *ROW],
    }
    beside = {
        "for comparison: `onnxruntime` and `tokenizers` by hand": [sys.executable, "-c", BY_HAND, exported],
        "for comparison: `transformers` by hand": [sys.executable, "-c", TRANSFORMERS, model],
        "for comparison: importing PyTorch and the Auto classes": [sys.executable, "-c", f"import torch; {PYTORCH}"],
    }
    states = {"now": Path(__file__).parents[1] / "src"} | ({"before": given.before} if given.before else {})
    measured: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(given.turns):
        for name, command in {**commands, **beside}.items():
            for state, src in states.items():
                if state == "now" or name in commands:
                    asked = [older if state == "before" and part == exported else part for part in command]
                    measured.setdefault((name, state), []).append(cost(asked, src.resolve()))
    rows: list[Row] = []
    for name in (*commands, *beside):
        row: Row = {"command": name}
        for state in ("before", "now"):
            taken = measured.get((name, state))
            row[f"{state}, s"] = f"{statistics.median(one for one, _ in taken):.2f}" if taken else ""
            row[f"{state}, MB"] = f"{max(most for _, most in taken):.0f}" if taken else ""
        rows.append(row)
    text = (
        f"Processor seconds (user and system, median of {given.turns}) and peak memory of a process of its own, one "
        f"thread. The model has {PIECES:,} pieces, {BLOCKS} blocks of {WIDTH}, random weights."
    )
    singles = [
        {"command": name, "state": state, "seconds": seconds, "MB": most}
        for (name, state), taken in measured.items()
        for seconds, most in taken
    ]
    write("startup", "What commands cost before they begin", [text, markdown(rows)], singles)


if __name__ == "__main__":
    main()

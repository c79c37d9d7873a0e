"""Exported folders where their users are: three environments that have one library each, and never this one.

Each environment is made anew (`--environments` keeps them) from the versions in `constraints.txt`, reads the folders
that are for it, and says what it has and what the model says of the same texts, held against what it says here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

import polydistill
from measuring import Row, markdown, write
from polydistill.exports.reading import Logits, SentenceVectors, asked
from polydistill.exports.samples import Sample
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_encoder, load_for

PACKAGES = {
    "transformers": ("torch", "transformers"),
    "sentence-transformers": ("sentence-transformers",),
    "onnxruntime": ("onnxruntime", "tokenizers"),
}
EXPORTS = {
    "transformers": {"format": "transformers"},
    "onnx": {"format": "onnx"},
    "onnx, int8": {"format": "onnx", "int8": True},
    "sentence-transformers": {"format": "sentence-transformers", "normalize": True},
    "onnx, vectors": {"format": "onnx", "pooling": "mean", "normalize": True},
}
READS = {
    "transformers": ("transformers", "sentence-transformers"),
    "sentence-transformers": ("sentence-transformers",),
    "onnxruntime": ("onnx", "onnx, int8", "onnx, vectors"),
}

_TRANSFORMERS = """
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer
def says(folder, name, pairs):
    kind = AutoModel if name == "sentence-transformers" else AutoModelForSequenceClassification
    model, tokenizer = kind.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    texts = [[first for first, _ in pairs]] + ([[second for _, second in pairs]] if name == "transformers" else [])
    inputs = tokenizer(*texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        said = model(**inputs)
    if name == "transformers":
        return said.logits
    inside = inputs["attention_mask"][:, :, None]
    return torch.nn.functional.normalize((said.last_hidden_state * inside).sum(1) / inside.sum(1), dim=-1)
"""
_SENTENCE_TRANSFORMERS = """
from sentence_transformers import SentenceTransformer
def says(folder, name, pairs):
    return SentenceTransformer(folder, device="cpu").encode([first for first, _ in pairs])
"""
_ONNX = """
import numpy as np, onnxruntime
from tokenizers import Tokenizer
def says(folder, name, pairs):
    texts = [first for first, _ in pairs] if name == "onnx, vectors" else [tuple(pair) for pair in pairs]
    read = Tokenizer.from_file(folder + "/tokenizer.json").encode_batch(texts)
    inputs = {"input_ids": [text.ids for text in read], "attention_mask": [text.attention_mask for text in read]}
    session = onnxruntime.InferenceSession(folder + "/onnx/model.onnx")
    return session.run(None, {name: np.array(value, dtype=np.int64) for name, value in inputs.items()})[-1]
"""
_ALL = """
import importlib.util, json, sys
folders, pairs = json.loads(sys.stdin.read())
names = ("polydistill", "torch", "transformers", "sentence_transformers", "onnxruntime", "tokenizers")
has = [name for name in names if importlib.util.find_spec(name)]
print(json.dumps([has, {name: says(folder, name, pairs).tolist() for name, folder in folders.items()}]))
"""
SCRIPTS = {"transformers": _TRANSFORMERS, "sentence-transformers": _SENTENCE_TRANSFORMERS, "onnxruntime": _ONNX}


def python_of(name: str, environments: Path) -> Path:
    """The Python of an environment that has these packages and what they need; made where it is not there."""
    folder = environments / name
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        constraints = Path(__file__).parents[1] / "constraints.txt"
        command = [python, "-m", "pip", "install", "-q", "-c", constraints, *PACKAGES[name]]
        subprocess.run(list(map(str, command)), check=True)
        (folder / "made").touch()
    return python


def said_in(name: str, python: Path, folders: dict[str, Path], pairs: list[tuple[str, str]]) -> tuple[list[str], dict]:
    """What an environment has, and what it says of the pairs by folder."""
    asked_for = {kind: str(folders[kind]) for kind in READS[name]}
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [str(python), "-I", "-W", "ignore", "-c", SCRIPTS[name] + _ALL],
        input=json.dumps([asked_for, pairs]),
        capture_output=True,
        text=True,
        check=False,
        env=alone,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def wanted(model: str, sample: Sample) -> dict[str, np.ndarray]:
    """What the model says here: logits of the pairs, and vectors of their first sentences."""
    start = pinned(model)
    classifier, encoder = load_for(start, "nli"), load_encoder(start.name, start.revision)
    logits, vectors = Logits(classifier).eval(), SentenceVectors(encoder, "mean", normalize=True).eval()
    pairs = pairs_of(sample)
    names = (*logits.names,)
    read = classifier.tokenizer(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt")
    alone = encoder.tokenizer([first for first, _ in pairs], padding=True, return_tensors="pt")
    return {
        "logits": asked(logits, {name: read[name] for name in names}).numpy(),
        "vectors": asked(vectors, {name: alone[name] for name in names}).numpy(),
    }


def pairs_of(sample: Sample) -> list[tuple[str, str]]:
    """Pairs of the mini-world in six languages."""
    rows = polydistill.world_rows(sample.languages, 20, split="test").rows
    return [(row["premise"], row["hypothesis"]) for code in sample.languages for row in rows[code]]


def compared(has: list[str], kind: str, found: np.ndarray, here: dict[str, np.ndarray]) -> Row:
    """One row of the table."""
    exact = here["vectors" if "vectors" in kind or kind == "sentence-transformers" else "logits"]
    alike = (found.argmax(-1) == exact.argmax(-1)).mean()
    return {
        "environment has": ", ".join(has),
        "folder": kind,
        "gives": f"{len(found)} x {found.shape[1]} {'logits' if exact is here['logits'] else 'vectors'}",
        "largest difference": f"{np.abs(found - exact).max():.1g}",
        "equal answers": f"{100 * alike:.1f}%" if exact is here["logits"] else "",
    }


def main() -> None:
    """Make, export, ask, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a classifier of sentence pairs, such as the quickstart's")
    parser.add_argument("--environments", type=Path, help="where to keep the environments")
    options = parser.parse_args()
    sample = Sample()
    here, pairs, rows = wanted(options.model, sample), pairs_of(sample), []
    with tempfile.TemporaryDirectory() as temporary:
        folders = {kind: Path(temporary, kind.replace(", ", "-")) for kind in EXPORTS}
        for kind, how in EXPORTS.items():
            polydistill.export(options.model, folders[kind], **how)
        for name in PACKAGES:
            python = python_of(name, (options.environments or Path(temporary, "environments")).resolve())
            has, said = said_in(name, python, folders, pairs)
            assert "polydistill" not in has
            rows += [compared(has, kind, np.array(found), here) for kind, found in said.items()]
    parts = [
        "The quickstart's XD student (4 blocks x 128), exported, and read in environments that have nothing else; "
        "against what it says here, on 120 pairs of the mini-world in six languages (vectors: of first sentences).",
        markdown(rows),
    ]
    write("clean_environments", "Exported folders in clean environments", parts, rows)


if __name__ == "__main__":
    main()

"""Sentence distillation on real encoders at equal processor time, beside `sentence-transformers`.

    OMP_NUM_THREADS=1 python benchmarks/real/sentence.py --models DIR --data DIR --minutes 8 --seeds 0

The student is every second block of `polyglot`, with the pieces that its languages need; the teacher is `english`. Both
libraries train from the same folder on the same pairs, which are not those of the tests, with as many texts a step, the
same rate, decay and precision; each as its documentation has it. How many steps fit into the minutes is measured
before. All are scored through `sentence-transformers`: does a sentence find its translation, both ways.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from folders import CODES, Folders, parser
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import EmbedDistillLoss, MSELoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoModel, AutoTokenizer

import polydistill
from measuring import Row, markdown, write

LANGUAGES, PIECES, LENGTH = ("de", "tr", "sw"), 60_000, 128
PAIRS_A_STEP, RATE, WARMUP = 32, 3e-4, 0.1
TRIED = (10, 40)
"""Steps of the two short runs that say what a step takes."""
THEIRS = "sentence-transformers"
OURS: Mapping[str, tuple[str, ...]] = {
    "polydistill (default: mse)": (),
    "polydistill (mse, contrast 0.1)": ("method.weights.contrast=0.1",),
}
PEERS = {f"{THEIRS} (MSELoss)": MSELoss, f"{THEIRS} (EmbedDistillLoss)": EmbedDistillLoss}
Train = Callable[[str, int, int, Path], None]


def pairs_of(folders: Folders, code: str) -> tuple[list[str], list[str]]:
    """English sentences and their translations, without those of news that the tests have."""
    english, other = [], []
    for corpus in folders.parallel(code):
        files = corpus.partition("=")[2].split(",")
        if "ntrex" in files[0]:
            continue
        sides = [Path(file).read_text(encoding="utf-8").rstrip("\n").split("\n") for file in files]
        for one, two in zip(*sides, strict=True):
            if one.strip() and two.strip():
                english.append(" ".join(one.split()))
                other.append(" ".join(two.split()))
    return english, other


def student(folders: Folders) -> Path:
    """Every second block of the polyglot, with the pieces of these languages."""
    path = folders.out / "student"
    if (path / "config.json").is_file():
        return path
    texts = [f"{code}={folders.text(code)}" for code in ("en", *LANGUAGES)]
    trimmed = folders.out / "trimmed"
    if not (trimmed / "trim.json").is_file():
        languages = ("en", *LANGUAGES)
        polydistill.trim(folders.models / "polyglot", languages, texts, keep=PIECES, by="frequency", out=trimmed)
    network = AutoModel.from_pretrained(trimmed)
    network.encoder.layer = network.encoder.layer[1::2]
    network.config.num_hidden_layers = len(network.encoder.layer)
    network.save_pretrained(path)
    AutoTokenizer.from_pretrained(trimmed).save_pretrained(path)
    return path


def ours(folders: Folders, corpora: Mapping[str, Path], precision: str) -> Train:
    """A run of ours."""

    def train(name: str, steps: int, seed: int, out: Path) -> None:
        parallel = [f"en-{code}={file}" for code, file in corpora.items()]
        polydistill.align(
            folders.models / "english", student(folders), parallel=parallel, method="sentence", steps=steps,
            batch_size=2 * PAIRS_A_STEP // 3 * 3, learning_rate=RATE, warmup=WARMUP, precision=precision,
            max_length=LENGTH, shortest=1, checkpoint_every=steps + 1, seed=seed, out=out, set=list(OURS[name]),
        )  # fmt: skip

    return train


def theirs(folders: Folders, pairs: Mapping[str, tuple[list[str], list[str]]], precision: str) -> Train:
    """Training as the documentation of `sentence-transformers` has it: the teacher's vectors are a column."""

    def train(name: str, steps: int, seed: int, out: Path) -> None:
        drawn = np.random.default_rng(seed)
        rows: dict[str, list[Any]] = {"english": [], "other": []}
        share = steps * PAIRS_A_STEP // len(pairs) + 1
        for english, other in pairs.values():  # as many of each language, as ours
            for place in drawn.permutation(len(english))[:share]:
                rows["english"].append(english[place])
                rows["other"].append(other[place])
        teacher = SentenceTransformer(str(folders.models / "english"), device="cpu")
        rows["label"] = list(teacher.encode(rows["english"], show_progress_bar=False))
        reader = Transformer(str(student(folders)), max_seq_length=LENGTH)
        model = SentenceTransformer(modules=[reader, Pooling(reader.get_embedding_dimension(), "mean")], device="cpu")
        arguments = SentenceTransformerTrainingArguments(
            output_dir=str(out / "trainer"), max_steps=steps, per_device_train_batch_size=PAIRS_A_STEP,
            learning_rate=RATE, warmup_ratio=WARMUP, lr_scheduler_type="linear", weight_decay=0.01,
            bf16=precision == "bf16", save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True, seed=seed,
            logging_steps=steps,
        )  # fmt: skip
        loss = PEERS[name](model)
        SentenceTransformerTrainer(model, arguments, train_dataset=Dataset.from_dict(rows), loss=loss).train()
        model.save(str(out / "model"))

    return train


def found(model: SentenceTransformer, one: list[str], other: list[str]) -> float:
    """The share of sentences whose nearest is their translation, mean of both ways, in percent."""
    left, right = (model.encode(texts, normalize_embeddings=True, show_progress_bar=False) for texts in (one, other))
    near = left @ right.T
    places = np.arange(len(near))
    return 50 * float((near.argmax(0) == places).mean() + (near.argmax(1) == places).mean())


def scores(model: SentenceTransformer, folders: Folders) -> dict[str, str]:
    """Retrieval of both tests by language, and their means."""
    said: dict[str, str] = {}
    for test in ("Tatoeba", "NTREX"):
        values = []
        for code in LANGUAGES:
            if test == "Tatoeba":
                three = "swh" if code == "sw" else CODES[code]
                files = [folders.data / f"tatoeba/tatoeba.{three}-eng.{side}" for side in ("eng", three)]
            else:
                files = [Path(file) for file in folders.parallel(code)[0].partition("=")[2].split(",")]
            sides = [file.read_text(encoding="utf-8").rstrip("\n").split("\n") for file in files]
            values.append(found(model, *sides))
        said[f"{test}: {', '.join(LANGUAGES)}"] = ", ".join(f"{value:.1f}" for value in values)
        said[f"{test}, mean"] = f"{np.mean(values):.1f}"
    return said


def fitting(train: Train, name: str, minutes: float, place: Path) -> tuple[int, float]:
    """How many steps take so many minutes of processor time, and the seconds of one."""
    took = []
    for steps in TRIED:
        began = time.process_time()
        train(name, steps, 0, place / f"tried-{steps}")
        took.append(time.process_time() - began)
    step = (took[1] - took[0]) / (TRIED[1] - TRIED[0])
    return int(60 * minutes / step), step


def main() -> None:
    """Train all, score them, and write the page."""
    options = parser(__doc__, "runs/real-sentence")
    options.add_argument("--minutes", type=float, default=8.0, help="processor time of each training")
    options.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="what this processor is fast in")
    given = options.parse_args()
    torch.set_num_threads(1)
    folders = Folders(given.models, given.data, given.out)
    pairs = {code: pairs_of(folders, code) for code in LANGUAGES}
    corpora = {code: folders.out / f"pairs-{code}.tsv" for code in LANGUAGES}
    student(folders)
    for code, file in corpora.items():
        file.write_text("".join(f"{one}\t{two}\n" for one, two in zip(*pairs[code], strict=True)), encoding="utf-8")
    start = SentenceTransformer(str(student(folders)), device="cpu")
    measured: list[Row] = [{"system": "the student before", "steps": "", "texts a second": "", "processor minutes": "",
                            **scores(start, folders)}]  # fmt: skip
    print(markdown(measured), flush=True)
    for seed in map(int, given.seeds.split(",")):
        for names, train in (
            (OURS, ours(folders, corpora, given.precision)),
            (PEERS, theirs(folders, pairs, given.precision)),
        ):
            steps, step = fitting(
                train, next(iter(names)), given.minutes, folders.out / f"seed-{seed}" / names_of(names)
            )
            for name in names:
                place = folders.out / f"seed-{seed}" / name.replace(" ", "_").replace(":", "").replace(",", "")
                began = time.process_time()
                train(name, steps, seed, place)
                took = (time.process_time() - began) / 60
                model = SentenceTransformer(str(place / "model"), device="cpu")
                measured.append(
                    {
                        "system": name if given.seeds == "0" else f"{name}, seed {seed}",
                        "steps": f"{steps:,}",
                        "texts a second": f"{2 * PAIRS_A_STEP / step:.0f}",
                        "processor minutes": f"{took:.1f}",
                        **scores(model, folders),
                    }
                )
                print(markdown(measured), flush=True)
    counts = ", ".join(f"{code} {len(english):,}" for code, (english, _) in pairs.items())
    about = (
        f"{given.minutes:g} minutes of processor time of one thread each (`texts a second` is of the steps alone, "
        f"`processor minutes` with loading, reading and what the teacher says), seed {given.seeds}, "
        f"{given.precision}, rate {RATE:g}; about {2 * PAIRS_A_STEP} texts a step. Pairs to learn from: {counts}. "
        "Percent of sentences whose nearest is their translation, mean of both ways."
    )
    write("real_sentence", "Sentence distillation at equal processor time", [about, markdown(measured)], measured)


def names_of(names: Mapping[str, Any]) -> str:
    """Whose they are, as a name of a folder."""
    return "ours" if names is OURS else "theirs"


if __name__ == "__main__":
    main()

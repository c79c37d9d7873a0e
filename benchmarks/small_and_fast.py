"""XLM-R base at its real shapes, and what it becomes: cut to 6 layers, with 30,000 pieces, in ONNX Runtime, as int8.

    OMP_WAIT_POLICY=passive python benchmarks/small_and_fast.py [--threads 2] [--rows 128] [--turns 3]
        [--data ../shared/data] [--also FOLDER]

All weights are random: speed and size do not depend on them. All models read the same rows (MultiNLI where the folder
has it, else the mini-world) with one tokenizer of 30,000 pieces learned on them, so that all have the same tokens;
`--also` adds further folders, trimmed or exported in another way. `polydistill bench` measures: each model in a process
of its own, in turns; with one thread it counts processor time, which a busy machine lengthens least. The files of the
models take 3 GB while it runs.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import torch
from transformers import PreTrainedModel, XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, markdown, spread, write
from polydistill import export
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.models.cut import cut
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from polydistill.serving.bench import Bench, Settings, bench

PIECES, KEPT, LEARNED_FROM = 250_002, 30_000, 4_000
MB = 1e6

NOTES = """\
The tokenizer is the same for all and small; XLM-R's own adds 17 MB to the first two. The second and the third do the
same products, so what they differ by in speed is the machine's other work. PyTorch maps weights from the file: rows of
an embedding that no text needs take no memory."""


def network(blocks: int, pieces: int) -> PreTrainedModel:
    """A classifier of XLM-R base's shapes."""
    labels = dict(enumerate(PAIR_OF_SENTENCES.labels))
    config = XLMRobertaConfig(
        vocab_size=pieces, num_hidden_layers=blocks, max_position_embeddings=514, type_vocab_size=1, id2label=labels,
        label2id={name: place for place, name in labels.items()},
    )  # fmt: skip
    return XLMRobertaForSequenceClassification(config).eval()


def kept(loaded: Loaded, folder: Path) -> Path:
    """A model and its tokenizer as a folder."""
    loaded.network.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def models(data: FileSource | WorldSource, place: Path) -> list[Path]:
    """The folders, from the largest to the smallest."""
    rows = load_rows(data, PAIR_OF_SENTENCES, ("en",)).rows["en"]
    tokenizer = learn_tokenizer([*rows["premise"], *rows["hypothesis"]], KEPT, 512)
    torch.manual_seed(0)
    teacher = network(12, PIECES)
    six = cut(teacher, {block: 2 * block for block in range(1, 7)})
    trimmed = Loaded(network(6, KEPT), tokenizer)
    folders = [
        kept(Loaded(teacher, tokenizer), place / "teacher"),
        kept(Loaded(six, tokenizer), place / "6 layers"),
        kept(trimmed, place / "6 layers, 30k pieces"),
    ]
    for name, int8 in (("6 layers, 30k pieces, ONNX", False), ("6 layers, 30k pieces, ONNX int8", True)):
        # with random weights all answers are near ties, which int8 decides in its own way
        export(trimmed, place / name, "onnx", task="nli", int8=int8, agreement=0.0)
        folders.append(place / name)
    return folders


def table(done: Bench) -> list[Row]:
    """A line a model."""
    first = done.models[0]
    return [
        {
            "model": Path(one.model).name,
            "runs on": one.backend,
            "parameters": "?" if one.parameters is None else f"{one.parameters / MB:,.0f} M",
            "disk, MB": f"{one.disk / MB:,.0f}",
            "of the teacher's": f"1/{first.disk / one.disk:.1f}",
            "rows a second": f"{statistics.median(done.rows_a_second(one)):,.1f}",
            "times the teacher's": spread(done.speedups(one), 1),
            "p50, ms": f"{1000 * one.latency(50):,.0f}",
            "p95, ms": f"{1000 * one.latency(95):,.0f}",
            "memory, MB (the model's part)": f"{one.peak_memory / MB:,.0f} "
            f"({(one.peak_memory - one.memory_before) / MB:,.0f})",
            "load, s": f"{one.load_seconds:.2f}",
        }
        for one in done.models
    ]


def said(done: Bench, tokens: float) -> str:
    """How it was measured."""
    how = done.settings
    reads = how.turns * how.singles
    return (
        f"{how.rows} rows of {tokens:.0f} tokens on average, {how.batch_size} at a time, in rows of similar lengths; "
        f"{how.threads} thread{'s' * (how.threads > 1)}, {how.turns} turns, each model in a process of its own, "
        f"{how.clock} clock. Latency is of one row, from text to logits, over {reads} rows. Memory is the most "
        "that the process held resident (in brackets: without what Python and the libraries held before). Load average "
        f"{done.load_average[0]:.1f} on {done.cores} cores before it began, so other programs wanted these cores, too: "
        "read the ratios, which are taken within turns. Goals: at most 1/8 of the teacher's disk and at least 6 times "
        "its rows a second."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--also", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    file = options.data / "mnli_subset" / "train.tsv"
    data = FileSource(path=str(file), rows=LEARNED_FROM) if file.exists() else WorldSource(rows=LEARNED_FROM)
    clock = "processor" if options.threads == 1 else "wall"
    settings = Settings(rows=options.rows, threads=options.threads, turns=options.turns, singles=10, clock=clock)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folders = models(data, place)
        rows = load_rows(data, PAIR_OF_SENTENCES, ("en",)).rows["en"].select(range(options.rows))
        text = place / "rows.jsonl"
        text.write_text("".join(json.dumps({key: row[key] for key in PAIR_OF_SENTENCES.texts}) + "\n" for row in rows))
        done = bench([*folders, *options.also], settings, text)
        done = Bench.model_validate_json(done.model_dump_json().replace(f"{place}/", ""))  # it is gone when this ends
        tokens = _tokens(folders[0], rows["premise"], rows["hypothesis"])
    result = "small_and_fast" if options.threads > 1 else "small_and_fast_one_thread"
    parts = [said(done, tokens), markdown(table(done)), NOTES]
    write(result, "Small and fast", parts, [done.model_dump(mode="json")])


def _tokens(folder: Path, *texts: list[str]) -> float:
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(folder)(*map(list, texts))["input_ids"]
    return statistics.fmean(map(len, ids))


if __name__ == "__main__":
    main()

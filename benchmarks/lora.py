"""What LoRA saves of a large student: memory, time and checkpoints against tuning it whole; a process of its own each.

OMP_NUM_THREADS=1 python benchmarks/lora.py --model DIR --rows train.tsv
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import Row, in_ms, markdown, write

STEPS, BATCH, LENGTH = 30, 16, 48
WAYS = {
    "all weights": {},
    "LoRA, rank 16, all layers": {"lora_rank": 16},
    "LoRA, rank 16, queries and values": {"lora_rank": 16, "set": ["training.lora.layers=query-value"]},
}
ONE = """
import json, resource, sys, time
from pathlib import Path
from torch.optim.optimizer import register_optimizer_step_post_hook
from polydistill import tune

model, rows, out, options = sys.argv[1:4] + [json.loads(sys.argv[4])]
times, sizes, moments = [], [], []

def after_step(optimiser, *_):
    times.append(time.process_time())
    learned = [value for group in optimiser.param_groups for value in group["params"]]
    moments.append(sum(value.numel() for value in learned))
    sizes.append(sum(file.stat().st_size for file in Path(out).glob("checkpoints/checkpoint-*/*")))

register_optimizer_step_post_hook(after_step)
tune(model, rows, task="text", out=out, **options)
print(json.dumps({
    "steps": [after - before for before, after in zip(times, times[1:])],
    "learned": moments[-1],
    "checkpoint": max(sizes),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
"""


def measured(model: Path, rows: Path, options: dict[str, object]) -> dict[str, object]:
    """One training, from its start to its result."""
    said = {"steps": STEPS, "batch_size": BATCH, "max_length": LENGTH, "checkpoint_every": 10, **options}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", ONE, str(model), str(rows), f"{folder}/run", json.dumps(said)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure each way, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True, help="A table with the columns text and label.")
    given = parser.parse_args()
    table: list[Row] = []
    everything: list[Row] = []
    for name, options in WAYS.items():
        found = measured(given.model, given.rows, options)
        everything.append({"way": name, **found})
        table.append(
            {
                "what learns": name,
                "parameters that learn": f"{found['learned']:,}",
                "ms a step": in_ms(found["steps"]),
                "peak memory, MiB": f"{found['peak'] / 2**20:,.0f}",
                "a checkpoint, MiB": f"{found['checkpoint'] / 2**20:,.1f}",
            }
        )
    about = (
        f"`{given.model.name}`, {STEPS} steps of {BATCH} texts of at most {LENGTH} tokens, fp32, one thread. Without "
        "LoRA only the embedding rows that occur in the text learn, as always."
    )
    write("lora", "LoRA against tuning all weights", [about, markdown(table)], everything)


if __name__ == "__main__":
    main()

"""The wheel where nothing else is: what it takes on disk, and that its commands run there without any extra.

`--whole` are Pythons that get the wheel with all that it needs, and `--light` such that get only what `predict` needs
for an ONNX folder. The wheels of PyTorch are those that pip finds; its index can be set (see README). Make the wheel
first: `make package`.
"""

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

from measuring import Row, markdown, write
from startup import make_models

LIGHT = ("onnxruntime", "tokenizers", "numpy", "pydantic", "typer", "rich", "langcodes")
ROOT = Path(__file__).parents[1]
ONNX = ("predict", "{onnx}", "--premise", "w17 w4 w201", "--hypothesis", "w9 w1")
LIGHT_COMMANDS = (("--help",), ("list", "languages"), ("world", "--rows", "3"), ONNX)
WHOLE_COMMANDS = (*LIGHT_COMMANDS, ("doctor",), ("quickstart", "--scale", "smoke"))


def installed(python: str, wheel: Path, whole: bool, environments: Path) -> Path:
    """An environment with the wheel; one that is there is kept, and gets this wheel."""
    folder = environments / f"{Path(python).name}-{'whole' if whole else 'light'}"
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
    if not folder.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        subprocess.run([*pip, *([str(wheel), "onnxruntime"] if whole else LIGHT)], check=True)
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(wheel)], check=True)
    return folder


def megabytes(folder: Path) -> int:
    """What a folder takes on disk."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink()) // 10**6


def spent() -> float:
    """Processor seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tried(folder: Path, commands: tuple[tuple[str, ...], ...], onnx: Path) -> list[Row]:
    """Each command in an empty folder: seconds of the processor; it must not fail."""
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    has = subprocess.run(
        [str(folder / "bin" / "python"), "-c", "import platform; print(platform.python_version())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        for command in commands:
            given = [part.format(onnx=onnx) for part in command]
            before = spent()
            done = subprocess.run(
                [str(folder / "bin" / "polydistill"), *given],
                capture_output=True, text=True, check=False, cwd=place, env=alone,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            rows.append(
                {
                    "Python": has,
                    "environment": folder.name.rpartition("-")[2],
                    "command": f"`{' '.join(command).format(onnx='ONNX')}`",
                    "processor seconds": f"{spent() - before:.1f}",
                }
            )
    return rows


def main() -> None:
    """Install, try, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", nargs="*", default=["python3"], help="Pythons that get all")
    parser.add_argument("--light", nargs="*", default=[], help="Pythons that get what ONNX needs")
    parser.add_argument("--models", type=Path, default=Path("runs/startup"), help="where the models are kept")
    parser.add_argument("--environments", type=Path, help="where to keep the environments")
    options = parser.parse_args()
    (wheel,) = (ROOT / "dist").glob("*.whl")
    _, onnx = make_models(options.models)
    place = options.environments or Path(tempfile.mkdtemp())
    rows: list[Row] = []
    sizes: list[Row] = []
    for pythons, whole in ((options.whole, True), (options.light, False)):
        for python in pythons:
            folder = installed(python, wheel, whole, place.resolve())
            rows += tried(folder, WHOLE_COMMANDS if whole else LIGHT_COMMANDS, onnx.resolve())
            libraries = next((folder / "lib").glob("python*/site-packages"))
            parts = sorted(((megabytes(one), one.name) for one in libraries.iterdir() if one.is_dir()), reverse=True)
            largest = ", ".join(f"{name} {size}" for size, name in parts[:6])
            sizes.append({"environment": folder.name, "MB": str(megabytes(libraries)), "largest": largest})
    if not options.environments:
        shutil.rmtree(place)
    text = (
        f"`{wheel.name}`, alone in new environments. whole: `pip install` of it and onnxruntime (no extra); light: the "
        f"wheel without its dependencies, and {', '.join(LIGHT)}. Each command once, one thread."
    )
    write("package", "The package in clean environments", [text, markdown(rows), markdown(sizes)], [*rows, *sizes])


if __name__ == "__main__":
    main()

"""Folders that their owner names: for one run, or for a model that is made at once."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from polydistill.machine import cache_folder
from polydistill.results import RUN_FILE
from polydistill.training.examination import Examination
from polydistill.training.finished import IDENTITY
from polydistill.training.numerics import NUMERICS_FILE
from polydistill.training.processes import processes
from polydistill.training.run import Run
from polydistill.training.store import Store
from polydistill.whole import install, room_for, write_text

_BEGUN = {IDENTITY, RUN_FILE, NUMERICS_FILE, "lock", "owner"}
"""What lies in a run's folder before anything is learned."""


class OutFolder(Store):
    """Keeps one run in `out` itself; what it starts from lies in `.runs` inside, teacher signals in the cache."""

    def __init__(self, out: Path, identity: str, report_to: Sequence[str] = ()) -> None:
        super().__init__(out / ".runs", report_to)
        self.out, self.identity = out, identity

    def folder(self, run: Run | Examination) -> Path:
        """The named folder for the one run."""
        return self.out if run.identity == self.identity else super().folder(run)

    @property
    def signals(self) -> Path:
        """Where all runs that have a folder of their own share what a teacher said of a text."""
        return cache_folder() / "signals"


def claim(out: str | Path, run: Run, report_to: Sequence[str] = ()) -> OutFolder:
    """The folder for this run: new, empty, or holding this very run, which then is reused or resumed."""
    folder, identity = Path(out).expanduser(), run.identity
    with room_for(folder):
        folder.mkdir(parents=True, exist_ok=True)
    # looked at before the mark: another process may just begin
    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith((f".{IDENTITY}.", ".mode.")))
    mark = folder / IDENTITY
    if mark.is_file():
        held = mark.read_text(encoding="utf-8").strip()
        if held != identity:
            raise ValueError(
                f"{folder} holds another run ({held}; this one is {identity}): other settings, or files that have "
                "changed since. Name another folder, or remove this one."
            )
    elif there:
        shown = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        raise ValueError(f"{folder} is not empty and holds no run ({shown}). Name another folder.")
    else:
        write_text(mark, identity + "\n")
        if mark.read_text(encoding="utf-8").strip() != identity:
            raise ValueError(f"{folder} was just taken by another run. Name another folder.")
    return OutFolder(folder, identity, report_to)


@contextmanager
def free_if_refused(folder: Path) -> Iterator[None]:
    """A run that is refused before it has made anything leaves its folder empty, for the corrected one."""
    try:
        yield
    except Exception:
        left = list(folder.iterdir()) if folder.is_dir() and processes().is_main_process else []
        if {path.name for path in left} <= _BEGUN:
            for path in left:
                path.unlink(missing_ok=True)
        raise


@contextmanager
def made_whole(place: Path) -> Iterator[Path]:
    """A new folder aside, which becomes `place` if all goes well, and else is gone."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ValueError(f"{place} is there and not empty. Name another folder.")
    import psutil  # type: ignore[import-untyped]

    for leftover in place.parent.glob(f".{place.name}.*.unfinished"):
        owner = leftover.suffixes[-2][1:]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):  # it was killed
            shutil.rmtree(leftover, ignore_errors=True)
    unfinished = place.with_name(f".{place.name}.{os.getpid()}.unfinished")
    try:
        with room_for(place):
            unfinished.mkdir(parents=True)
            yield unfinished
            if place.is_dir() and any(place.iterdir()):
                raise ValueError(f"Another process has written {place} in the meantime. Name another folder.")
            install(unfinished, place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)

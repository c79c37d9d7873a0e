"""Where runs lie: folders by identity, one process at a time, done or not done and nothing between."""

import contextlib
import copy
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console
from training_tools import pretrain_run, tune_run, weights, xd_run

from polydistill.data.rows.sources import ByLanguage, FileSource, WorldSource
from polydistill.data.translations.filters import EVERY_PAIR
from polydistill.data.translations.given import as_corpora
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.starts.origins import Pretrained
from polydistill.training import execute as engine
from polydistill.training.execute import execute
from polydistill.training.numerics import settled
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store, exclusively
from polydistill.whole import DiskFullError
from polydistill.world.difficulty import DIFFICULTIES

QUIET = Console(quiet=True)


# Identity


def leaves(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value of nested plain data, by its path."""
    if isinstance(content, dict | list) and content:
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(value, (*path, key))
    else:
        yield path, content


JUDGING = {"languages": ["en"], "data": {"kind": "world", "split": "test", "rows": 30}}
WORDS = [
    "de",
    "dev",
    "train",
    "in-turn",
    "balanced",
    "linear",
    "bf16",
    "agreement",
    "cosine",
    "first",
    "drop",
    "hinton",
]
WORDS += DIFFICULTIES


def others(field: str, value: Any) -> list[Any]:
    """Candidates for another value of a field; not all of them are valid for it."""
    if field == "teacher":
        return [{"kind": "pretrained", "name": "other"}]
    if field == "evaluation":
        return [JUDGING]
    if field == "parallel":
        return [[{"target": "fr", "files": ["some.tsv"]}]]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [one for one in (value + 1, value / 2, value + 0.25) if one != value]
    return [candidate for candidate in (1, *WORDS) if candidate != value]


def changed(content: dict[str, Any], path: tuple[str | int, ...]) -> Run | None:
    """The run with another value at `path`; None if no candidate is valid there."""
    for candidate in others(str(path[-1]), dict(leaves(content))[path]):
        other = copy.deepcopy(content)
        at: Any = other
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = candidate
        with contextlib.suppress(ValueError):
            run = Run.model_validate(other)
            if run.identity:  # languages that the data does not have, and the like, show here
                return run
    return None


@pytest.mark.slow
def test_every_field_but_the_names_is_part_of_the_identity():
    run = xd_run()  # which holds a run of each other kind
    content = run.model_dump(mode="json")
    no_other, known = {}, {run.identity}
    for path, value in leaves(content):
        if path[-1] in ("kind", "name"):
            continue
        if (other := changed(content, path)) is None:
            no_other[path[-1]] = value
            continue
        assert other.identity not in known, f"{path} does not count"
        known.add(other.identity)
    alone = {"task": "nli", "measure": "accuracy"}  # no other task or measure is valid for these models alone
    filters = {"shortest": None, "longest": None, "duplicates": "keep", "same_sides": "keep", "at_most": None}
    of_corpora = {
        "corpora": [],
        "draw": "answers",
        "anchor": None,
        "anchor_share": None,
        "text": None,
        "sample": "first",
    }
    of_corpora |= filters  # see the next test
    unset = ("teacher", "evaluate_every", "patience", "selection", "evaluation", "student")
    only_together = dict.fromkeys(unset)  # for other methods, or with other fields
    assert no_other == alone | of_corpora | only_together
    assert len(known) > 90


def test_what_is_asked_of_parallel_corpora_is_part_of_the_identity():
    run = xd_run()
    given = {"languages": ("en", "tr"), "corpora": as_corpora("en-tr=a").corpora}
    filters = ({"shortest": 2}, {"longest": 9}, {"duplicates": "drop"}, {"same_sides": "drop"}, {"at_most": 5})
    changes = [{"filters": EVERY_PAIR.model_copy(update=one)} for one in (*filters, {"at_most": 5, "sample": "random"})]
    anchor = {"anchor": WorldSource(rows=5)}
    changes += [{"draw": "random"}, anchor, {**anchor, "anchor_share": 0.5}, {"corpora": as_corpora("en-tr=b").corpora}]
    changes += [{"text": ByLanguage(sources={"tr": FileSource(path=path)})} for path in ("a.txt", "b.txt")]
    methods = [XDSpec(**{**given, **change}) for change in ({}, *changes)]
    # by outline: the files are not there
    assert len({run.model_copy(update={"method": method}).outline for method in methods}) == len(methods)


def test_names_are_no_part_of_the_identity():
    run = xd_run()
    inner = run.start.run.model_copy(update={"name": "another"})
    assert run.model_copy(update={"name": "another"}).identity == run.identity
    assert run.model_copy(update={"start": ResultOf(run=inner)}).identity == run.identity


def test_a_change_deep_in_what_a_run_starts_from_changes_its_identity():
    assert xd_run(tune_run(pretrain_run(steps=11))).identity != xd_run().identity
    assert Store("runs").folder(xd_run()).name == f"xd-{xd_run().identity}"


def test_the_teacher_is_part_of_the_identity():
    run = xd_run()
    taught = run.model_copy(update={"teacher": ResultOf(run=tune_run(steps=11))})
    assert taught.identity != run.identity


def test_the_content_of_files_is_part_of_the_identity(tmp_path):
    file = tmp_path / "rows.tsv"

    def run() -> Run:
        source = {"kind": "file", "path": str(file)}
        return tune_run().model_copy(update={"method": TuneSpec(languages=("en",), data=source)})

    file.write_text("premise\thypothesis\tlabel\na b\tc d\tneutral\n")
    before = run().identity
    assert run().identity == before
    file.write_text("premise\thypothesis\tlabel\na b\tc d\tentailment\n")
    assert run().identity != before


# JSON


@pytest.mark.parametrize("make", [pretrain_run, tune_run, xd_run])
def test_a_run_is_its_json(make):
    run = make()
    again = Run.model_validate_json(run.model_dump_json())
    assert again == run
    assert again.identity == run.identity


def test_unknown_keys_are_refused_with_the_nearest_known_one():
    content = xd_run().model_dump(mode="json")
    content["start"]["run"]["training"]["learning_rat"] = 1.0
    with pytest.raises(ValueError, match=r"Unknown key of Training 'learning_rat'\. Did you mean 'learning_rate'\?"):
        Run.model_validate_json(json.dumps(content))


def test_a_run_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        tune_run().seed = 1


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match="patience=3 counts evaluations, but evaluate_every is not set"):
        Training(steps=10, patience=3)
    with pytest.raises(ValueError, match="needs both `selection`"):
        tune_run(evaluate_every=None)
    content = tune_run().model_dump(mode="json")
    content["evaluation"]["measure"] = "agreement"
    with pytest.raises(ValueError, match=r"evaluation\.measure is 'agreement', but a result is scored by accuracy"):
        Run.model_validate(content)


def test_labels_seen_and_selected_on_come_down_the_line():
    run = xd_run()
    assert run.labels_seen == ("en", "fr")
    assert run.selected_on == ("dev/en",)
    judged = Judging(languages=("fr",), data=WorldSource(split="dev"), measure="agreement")
    chosen = run.model_copy(update={"selection": judged})
    assert chosen.selected_on == ("dev/en", "dev/fr (agreement with the teacher, no labels)")
    assert tune_run().model_copy(update={"start": Pretrained(name="x")}).labels_seen == ("en", "fr")


# Done or not done


@pytest.fixture
def run() -> Run:
    return pretrain_run(steps=4)


def test_a_finished_run_is_read_not_repeated(tmp_path, fixed_numerics, run, monkeypatch):
    store = Store(tmp_path)
    result = execute(run, store, QUIET)
    assert store.result(run) == result
    assert [found for _, found in store.finished()] == [result]
    assert store.unfinished() == []
    monkeypatch.setattr(engine, "_train", lambda *_: pytest.fail("trained again"))
    assert execute(run.model_copy(update={"name": "another name"}), store, QUIET) == result


def test_what_a_finished_run_leaves(tmp_path, fixed_numerics, run):
    store = Store(tmp_path)
    execute(run, store, QUIET)
    folder = store.folder(run)
    found = {path.name for path in folder.iterdir()}
    assert found - {"lock", "owner"} == {"run.json", "numerics.json", "log.json", "model", "results.json", "files.json"}
    assert Run.model_validate_json((folder / "run.json").read_text()) == run
    assert [line["step"] for line in json.loads((folder / "log.json").read_text())] == [1, 2, 3, 4]


def test_the_result_is_written_last(tmp_path, fixed_numerics, run, monkeypatch):
    store, at_the_end = Store(tmp_path), []
    write = engine.save_result

    def save_result(folder, result):
        at_the_end.extend(path.name for path in folder.iterdir())
        assert not (folder / "results.json").exists()
        assert (folder / "model" / "model.safetensors").is_file()
        return write(folder, result)

    monkeypatch.setattr(engine, "save_result", save_result)
    execute(run, store, QUIET)
    assert {"run.json", "log.json", "model"} <= set(at_the_end)


def test_a_half_written_folder_is_not_taken_for_done(tmp_path, fixed_numerics, run):
    store = Store(tmp_path)
    folder = store.folder(run)
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{")
    (folder / ".model.unfinished").mkdir()
    (folder / ".results-x.tmp").write_text('{"run_id"')
    (folder / "run.json").write_text('{"name":')
    assert store.result(run) is None
    assert store.unfinished() == [folder]
    assert store.finished() == []
    execute(run, store, QUIET)
    assert weights(folder)
    assert Run.model_validate_json((folder / "run.json").read_text()) == run
    assert not (folder / ".model.unfinished").exists()


def test_a_run_begun_by_more_processes_is_not_taken_up_by_fewer(tmp_path, fixed_numerics, run):
    store = Store(tmp_path)
    store.folder(run).mkdir(parents=True)
    settled(store.folder(run), 8, processes=2)
    with pytest.raises(ValueError, match=r"begun by 2 processes and cannot go on in 1.*Start it with 2 again"):
        execute(run, store, QUIET)


# One at a time


CHILD = """
import sys
from polydistill.training.execute import execute
from polydistill.training.run import Run
from polydistill.training.store import Store
run, store = Run.model_validate_json(open(sys.argv[1]).read()), Store(sys.argv[2])
print(execute(run, store).model_dump_json())
"""


def child(run: Run, store: Store) -> subprocess.Popen[str]:
    file = store.root / "wanted.json"
    file.write_text(run.model_dump_json())
    command = [sys.executable, "-c", CHILD, str(file), str(store.root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_second_process_says_that_it_waits_and_takes_the_result(tmp_path, fixed_numerics, run, monkeypatch):
    store, second, said = Store(tmp_path), [], []
    train = engine._train

    def train_while_another_comes(*arguments):
        second.append(child(run, store))
        said.append(second[0].stderr.readline())  # it says so before this one is done
        train(*arguments)

    monkeypatch.setattr(engine, "_train", train_while_another_comes)
    result = execute(run, store, QUIET)
    output, errors = second[0].communicate(timeout=120)
    assert "is being worked on by process" in said[0] + errors
    assert "step 4 of 4" not in said[0] + errors  # it did not train
    assert type(result).model_validate_json(output) == result


@pytest.mark.slow
def test_two_processes_started_at_once_train_once(tmp_path):
    run, store = pretrain_run(steps=40), Store(tmp_path)
    both = [child(run, store) for _ in range(2)]
    outputs = [process.communicate(timeout=240) for process in both]
    results = [output for output, _ in outputs]
    assert results[0] == results[1] != ""
    assert sum(errors.count("step 40 of 40") for _, errors in outputs) == 1
    assert json.loads(results[0])["run_id"] == run.identity


def test_a_failed_run_lets_go_of_its_folder(tmp_path):
    with pytest.raises(RuntimeError), exclusively(tmp_path, QUIET):
        raise RuntimeError
    said = StringIO()
    with exclusively(tmp_path, Console(file=said)):
        pass
    assert said.getvalue() == ""


@pytest.mark.parametrize("what", ["write_text", "mkdir"])
def test_a_disk_that_is_full_from_the_beginning_is_named(tmp_path, monkeypatch, what):
    def fails(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, what, fails)
    with pytest.raises(DiskFullError, match=rf"where {tmp_path}/run was written"), exclusively(tmp_path / "run", QUIET):
        pass


def test_a_dead_owner_holds_nothing(tmp_path):
    """The lock is the process's own: it ends with it, whatever the files say."""
    process = os.fork()
    if not process:
        with exclusively(tmp_path, QUIET):
            os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert (tmp_path / "owner").exists()
    said = StringIO()
    with exclusively(tmp_path, Console(file=said)):
        pass
    assert said.getvalue() == ""

"""From a run to its result: do what it starts from, train, choose, keep the student, score."""

import json
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from transformers import TrainerCallback, set_seed

from polydistill.data.batches.batches import MicroBatches, Steps
from polydistill.data.batches.schedule import Schedule
from polydistill.data.batches.signals import settle, weights_fingerprint
from polydistill.data.batches.stream_steps import Share, StreamSteps
from polydistill.errors import DataError, need
from polydistill.machine import peak_resident
from polydistill.manifest import Origin, list_files
from polydistill.methods.method import Prepared
from polydistill.models.loaded import Loaded
from polydistill.models.lora import adaptable, learning_by_lora
from polydistill.models.polyglot import Polyglot
from polydistill.models.used_rows import learning_used_rows
from polydistill.results import MODEL, RESULTS_FILE, RUN_FILE, STUDENTS, RunResult, Score, result_text, save_result
from polydistill.starts.memory import write_whole
from polydistill.tasks.task import Answer
from polydistill.training.distiller import Distiller, Evaluate
from polydistill.training.diverging import refuse_lost_weights
from polydistill.training.finished import finished, refuse_replaced
from polydistill.training.judging import judge
from polydistill.training.made import machine, origin, versions
from polydistill.training.numerics import settled
from polydistill.training.predictions import PREDICTIONS, Sample, keep, sampled
from polydistill.training.preparing import prepare
from polydistill.training.processes import agreed, processes
from polydistill.training.progress import ShowProgress, WarnOfCollapse
from polydistill.training.reporting import reporting
from polydistill.training.run import Run
from polydistill.training.selecting import selecting
from polydistill.training.starting import load_start
from polydistill.training.store import LOG, Store, exclusively
from polydistill.whole import install, room_for, written_whole

_CHECKPOINTS = "checkpoints"


def execute(run: Run, store: Store, console: Console | None = None) -> RunResult:
    """The run's result: from the store if it is there, else by doing what is missing and resuming what was cut off."""
    console = console or Console(stderr=True)
    folder = store.folder(run)  # asked for once: its rows may be changed while the run is under way
    if agreed(finished(folder) is not None):
        shutil.rmtree(folder / _CHECKPOINTS, ignore_errors=True)  # a kill may have left them
        return _done(folder)
    if run.training.lora is not None:
        need("peft", "lora", "LoRA")
    for first in run.first:
        execute(first, store, console)
    with exclusively(folder, console), room_for(folder):
        if not agreed(finished(folder) is not None):  # another process may have finished it while this one waited
            _train(run, store, folder, console)
    return _done(folder)


def _done(folder: Path) -> RunResult:
    if (result := finished(folder)) is None:
        why = "The folder was removed while the run was under way. Start it again."
        raise DataError(folder, None, "no result", "what the run has just written", why)
    return result


def _train(run: Run, store: Store, folder: Path, console: Console) -> None:
    began = time.monotonic()
    state = processes()
    described = run.model_dump_json(indent=2)
    if state.is_main_process:
        _write(folder / RUN_FILE, described)
    identity, rows = run.identity, run.data_fingerprint
    set_seed(run.seed)
    student = load_start(run.start, run, store)
    if run.training.lora is not None:
        adaptable(student.network, run.training.lora)  # refuses one that has nothing to adapt, before rows are read
    if student.new and state.is_main_process:
        console.print(f"{run.name}: new, drawn at random: {', '.join(student.new)}", highlight=False, markup=False)
    with state.main_process_first():
        numerics = settled(folder, student.network.config.hidden_size, state.num_processes)
    if (slow := numerics.slow(run.training.precision, state.device)) and state.is_main_process:
        console.print(f"{run.name}: {slow}", highlight=False, markup=False)
    with numerics.applied():
        sample, before = _look_before(run, student)
        prepared = prepare(run, student, store)
        for line in prepared.told if state.is_main_process else ():
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        selection = selecting(run, student, prepared, store)
        with prepared.around, _adapted(run, student, prepared), _embedding_rows(run, student, prepared):
            distiller = make_distiller(run, prepared, selection, folder / _CHECKPOINTS, console, store.report_to)
            distiller.fit()
        if state.is_main_process:
            refuse_replaced(folder, described + "\n")
            places = {f"{STUDENTS}/{name}": one for name, one in prepared.students.items()}
            places = places or {MODEL: replace(student, sentence=prepared.sentence)}
            for place, one in places.items():
                _keep_student(one, folder / place, origin(identity, rows, one))
            notes = {f"{name}.json": json.dumps(note, indent=1) for name, note in prepared.notes.items()}
            notes[LOG] = json.dumps(distiller.state.log_history, indent=1, sort_keys=True)
            for file, text in notes.items():
                _write(folder / file, text)
            listed = list(notes)
            if sample is not None:
                keep(sample, sample.answers(Polyglot(student.network)), before, folder)
                listed.append(PREDICTIONS)
            result = _result(run, identity, rows, student, prepared, began)
            list_result(folder, result, listed, list(places))
            save_result(folder, result)
            shutil.rmtree(folder / _CHECKPOINTS, ignore_errors=True)
        state.wait_for_everyone()


def _look_before(run: Run, student: Loaded) -> tuple[Sample | None, dict[str, list[Answer]] | None]:
    """Rows of the evaluation, and what the start says of them where it has its head: another would say anything."""
    if run.evaluation is None or not processes().is_main_process:
        return None, None
    sample = sampled(run.evaluation, student.tokenizer)
    if student.new:
        return sample, None
    torch.nn.Module.to(student.network, processes().device)
    return sample, sample.answers(Polyglot(student.network))


def _adapted(run: Run, student: Loaded, prepared: Prepared) -> AbstractContextManager[None]:
    """Where the run says so, those who learn do so through LoRA, and are whole again after it."""
    if run.training.lora is None:
        return nullcontext()
    learners = (*prepared.students.values(), *prepared.learning.values()) or (student,)
    return learning_by_lora(run.training.lora, prepared.method, learners, run.seed)


def _embedding_rows(run: Run, student: Loaded, prepared: Prepared) -> AbstractContextManager[None]:
    """Only the rows in use learn, if the others would get no gradient anyway: without a vocabulary head.

    Which rows a stream uses is not known before it is read.
    """
    if run.method.moves_all_embeddings or prepared.streams:
        return nullcontext()
    if len(prepared.learning) > 1:  # their embeddings may be one and the same parameter
        return nullcontext()
    texts = [
        text
        for group in prepared.groups
        for name, text in group.texts.items()
        if not prepared.learning or name in prepared.learning  # a teacher's ids may be of another vocabulary
    ]
    network = next(iter(prepared.learning.values()), student).network
    return learning_used_rows(network, [text.columns["input_ids"] for text in texts])


def make_distiller(
    run: Run,
    prepared: Prepared,
    selection: Evaluate | None,
    folder: Path,
    console: Console,
    report_to: Sequence[str] = (),
) -> Distiller:
    """The trainer of a run, ready to fit."""
    training, steps = run.training, _steps(run, prepared)
    callbacks: list[TrainerCallback] = [ShowProgress(run.name, console), WarnOfCollapse(console)]
    callbacks += reporting(report_to, folder.parent, run.name)
    return Distiller(prepared.method, steps, training, folder, run.seed, selection, callbacks, console.print)


def _steps(run: Run, prepared: Prepared) -> MicroBatches:
    """This process's batches of every step."""
    state, training = processes(), run.training
    if prepared.streams:
        share = Share(training.batch_size, state.process_index, state.num_processes, training.accumulation)
        return StreamSteps(prepared.streams, share, training.steps, run.seed, training.batching, prepared.transform)
    schedule = Schedule(
        [group.lengths for group in prepared.groups],
        training.batch_size,
        training.steps,
        run.seed,
        training.batching,
        state.process_index,
        state.num_processes,
        training.accumulation,
        [group.share for group in prepared.groups],
    )
    for group, rows in zip(prepared.groups, schedule.used(), strict=True):
        for values in group.values.values():
            settle(values, rows)
    return Steps(schedule, prepared.groups, prepared.transform)


def _write(file: Path, text: str) -> None:
    with written_whole(file) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def _keep_student(student: Loaded, folder: Path, made: Origin) -> None:
    """Write the student as a plain `transformers` folder, whole or not at all."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    refuse_lost_weights(student.network, str(folder))
    write_whole(student, unfinished)
    list_files(unfinished, made)
    install(unfinished, folder)


def _result(run: Run, identity: str, rows: str, student: Loaded, prepared: Prepared, began: float) -> RunResult:
    evaluation = run.evaluation
    scores: tuple[Score, ...] = ()
    if evaluation is not None:
        split = getattr(evaluation.data, "split", "test")
        scores = judge(evaluation, student.tokenizer).scores(Polyglot(student.network), split)
    return RunResult(
        run_id=identity,
        name=run.name,
        seed=run.seed,
        scores=scores,
        labels_seen=run.labels_seen,
        selected_on=run.selected_on,
        data_fingerprint=rows,
        model_fingerprint=weights_fingerprint(prepared.method.student if prepared.students else student.network)[:16],
        seconds=round(time.monotonic() - began, 2),
        memory=most_memory(),
        versions=versions(),
        machine=machine(),
    )


def list_result(folder: Path, result: RunResult, notes: Iterable[str] = (), models: Iterable[str] = ()) -> None:
    """List the files of a result that is about to be written: what was run, the notes beside it, and the models."""
    made = Origin(**result.model_dump(include=set(Origin.model_fields)))
    list_files(folder, made, (RUN_FILE, *notes), models, {RESULTS_FILE: result_text(result)})


def most_memory() -> int:
    """The most memory this process has held so far, in bytes; of an accelerator's where there is one."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return peak_resident()

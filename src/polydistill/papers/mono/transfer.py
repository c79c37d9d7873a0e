"""Rows of the thesis' tables that tune by a zero-shot strategy, on a few labels, or with a tuned teacher."""

from collections.abc import Mapping
from typing import Any, cast

from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers.mono.systems import System, Systems, TuningOfSeed
from polydistill.papers.recipe import RunsOfSeed
from polydistill.training.run import ResultOf, Run
from polydistill.transfer.strategies import STRATEGIES

_FULL = ("FULL SRC", "FULL TRG")  # plain tuning, of one student or the other
SHOTS: Mapping[str, tuple[int, ...]] = {"XNLI": (10, 100, 500), "NER": (10, 100, 500), "XCOPA": (10, 50, 100)}
"""Labelled rows of the target language, by the name of the task (table 4.5)."""


def strategies(of: Systems) -> dict[str, RunsOfSeed]:
    """Table 4.6: MonoShot's students tuned by every strategy of the thesis."""
    efficient = {name: by_strategy(of, name) for name, one in STRATEGIES.items() if name not in _FULL}
    del efficient["BITFIT ADD"]  # ours
    english = System("FULL SRC", of.distilled().english)
    return {**efficient, "FULL SRC": of.tasks(english), "FULL TRG": of.tasks(of.distilled())}


def by_strategy(of: Systems, name: str) -> RunsOfSeed:
    """MonoShot's students, tuned by a strategy that takes what the source student or both learn to the target."""
    strategy = STRATEGIES[name]

    def runs(seed: int) -> Mapping[str, Run]:
        other = of.distilled().english("", seed) if "source" in strategy.needs else None
        found = {}
        for column, plain in of.tasks(of.distilled())(seed).items():
            training = plain.training
            if strategy.efficient:
                training = training.model_copy(update={"learning_rate": of.where.efficient_rate})
            found[column] = _as_transfer(plain, {"strategy": strategy}, name=name, source=other, training=training)
        return found

    return runs


def task_distilled(of: Systems) -> RunsOfSeed:
    """Row +TD of table 4.4: MonoShot's students, tuned on labels and on what the tuned teacher says of these rows."""

    def runs(seed: int) -> Mapping[str, Run]:
        teachers = of.tasks(of.teacher())(seed)
        return {
            column: _as_transfer(
                plain,
                {"strategy": STRATEGIES["FULL TRG"], "distil": TaskDistillation()},
                name=f"{plain.name} +TD",
                teacher=ResultOf(run=teachers[column]),
            )
            for column, plain in of.tasks(of.distilled())(seed).items()
        }

    return runs


def few_shot(of: Systems, zero_shot: TuningOfSeed) -> RunsOfSeed:
    """Table 4.5: the models of a row without labels of the target language (k=0), and each tuned on k rows of it."""

    def runs(seed: int) -> Mapping[str, Run]:
        found = {}
        for column, plain in zero_shot(seed).items():
            task, language = column.split()
            found[f"{column} k=0"] = plain
            few = of.where.exercises[task].few
            for shots in SHOTS[task] if few is not None else ():
                found[f"{column} k={shots}"] = _as_transfer(
                    plain,
                    {"strategy": STRATEGIES["FULL TRG"], "languages": (language,), "few": shots} | {"data": few},
                    name=f"{plain.name}, {shots} rows of {language}",
                    start=ResultOf(run=plain),
                    training=of.where.few_shot(shots),
                    selection=None,  # the thesis names no dev rows here; the last step's weights are the result
                )
        return found

    return runs


def _as_transfer(plain: Run, settings: Mapping[str, Any], **changes: Any) -> Run:
    """A run of plain tuning as one by a strategy, on the same rows but for what is said otherwise."""
    method = cast(TuneSpec, plain.method)
    given = {name: getattr(method, name) for name in ("task", "languages", "data", "max_length")}
    return Run(**{**dict(plain), "method": TransferTuneSpec(**{**given, **settings}), **changes})

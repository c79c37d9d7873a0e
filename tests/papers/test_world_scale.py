"""The `world` scale asks the mini-world for rows that it has: its runs take hours, and no test makes them."""

from collections.abc import Iterable, Iterator

import pytest

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import SENTENCE, RowShape
from polydistill.data.rows.sources import Source
from polydistill.papers.catalogue import recipe, tables
from polydistill.tasks import TASKS
from polydistill.training.run import Run


def with_those_before(runs: Iterable[Run]) -> Iterator[Run]:
    for run in runs:
        yield run
        yield from with_those_before(run.first)


def rows_of(run: Run) -> Iterator[tuple[Source, RowShape]]:
    task = getattr(run.method, "task", None)
    for source, _ in run.method.reads:
        yield source, SENTENCE if task is None else TASKS[task].shape
    for judging in (run.selection, run.evaluation):
        if judging is not None:
            yield judging.data, judging.shape


@pytest.mark.slow
@pytest.mark.parametrize("paper", sorted({id.partition("/")[0] for id in tables()}))
def test_the_rows_that_runs_ask_for_are_there(paper):
    asked = {}
    for id in tables():
        if id.partition("/")[0] == paper:
            for made in recipe(id, "world").runs([0]).values():
                for run in with_those_before([made] if isinstance(made, Run) else made.first):
                    asked |= {
                        (source.model_dump_json(), shape.texts): (source, shape) for source, shape in rows_of(run)
                    }
    for source, shape in asked.values():
        assert len(load_rows(source, shape, ("en",)).rows["en"]) == source.rows
    assert asked

"""What the jobs that make runs share: models and rows as they are named, and the settings of a training."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from polydistill.data.rows.given import Rows, as_source
from polydistill.data.translations.filters import Filters
from polydistill.defaults import EVALUATIONS, MAX_LENGTH
from polydistill.languages import named_languages
from polydistill.models.mblm_config import Branches
from polydistill.specs import Spec
from polydistill.starts.loading import tuned_task
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import open_config
from polydistill.starts.tokenizers import reads_at_most
from polydistill.tasks import AnyTask, task_of
from polydistill.training.run import Branched
from polydistill.training.settings import Judging, Training

SPECIAL = 4  # pieces that begin, part and end a pair of texts: XLM-R has the most


def settings(spec: type[Spec], given: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Of what a job was given, the settings of its method; where one is none, the method's own holds.

    So a parameter that is called as a setting is one, and nothing else has to be written for it.
    """
    said = {name: given[name] for name in spec.model_fields if given.get(name) is not None}
    return {**said, **more}


def tuned(start: Pretrained, task: AnyTask) -> Pretrained:
    """The same, if it can teach: a head that has learned nothing has nothing to say."""
    if tuned_task(start, task) != task:
        said = "" if task == "nli" else f" --task {task}"
        raise ValueError(
            f"{start.name} has no head of the task {task!r}, so it cannot teach. Tune it first: polydistill tune "
            f"--model {start.name}{said} --train ROWS --out tuned."
        )
    return start


def branched_start(start: Pretrained, languages: tuple[str, ...], blocks: int | None) -> Pretrained | Branched:
    """The model itself, or with branches of so many blocks for these languages."""
    if blocks is None:
        return start
    depth = int(open_config(start.name, start.revision).num_hidden_layers)
    if not 0 < blocks <= depth:
        raise ValueError(f"branches is {blocks}; {start.name} has {depth} blocks, so branches may have 1 to {depth}.")
    return Branched(of=start, branches=Branches(languages=languages, blocks=blocks))


def length_of(start: Pretrained, wanted: int | None, usual: int = MAX_LENGTH) -> int:
    """The longest input in tokens: what is wanted, or the usual, but never more than the model can read."""
    limit = reads_at_most(start.name, start.revision)
    if wanted is not None and wanted <= SPECIAL:
        raise ValueError(
            f"max_length is {wanted}; expected at least {SPECIAL + 1}: {SPECIAL} tokens begin, part and end a pair of "
            "texts. Leave it out for the usual."
        )
    if wanted is not None and wanted > limit:
        raise ValueError(f"max_length is {wanted}, but {start.name} reads at most {limit} tokens. Ask for {limit}.")
    return wanted or min(usual, limit)


def training_of(
    options: Mapping[str, Any], rows: Callable[[int], int] | None, judged: bool, passes: float = 1.0
) -> Training:
    """The options of a training; `passes` over the rows, judged now and then, where nothing is said.

    `rows` counts them, for a step of so many. They are counted also where it does not matter, so that rows that cannot
    be read are refused now; none: they are not counted, as `steps` is said.
    """
    settings = {name: value for name, value in options.items() if name in Training.model_fields}
    epochs = options.get("epochs")
    if epochs is not None and "steps" in settings:
        raise ValueError(f"steps={settings['steps']} and epochs={epochs} both say how long it takes. Give one of them.")
    if epochs is not None and not 0 < epochs < math.inf:
        raise ValueError(f"epochs is {epochs}; expected a number of passes over the rows that is greater than 0.")
    if rows is not None:
        step = max(1, settings["batch_size"] * settings.get("accumulation", 1))
        whole = max(1, int((passes if epochs is None else epochs) * rows(step)) // step)
        settings = {"steps": whole, **settings}
    if (rank := options.get("lora_rank")) is not None:
        settings["lora"] = {"rank": rank}
    if average := settings.get("average"):
        settings.setdefault("checkpoint_every", max(1, settings["steps"] // (2 * average)))
    if judged:
        settings.setdefault("evaluate_every", max(1, settings["steps"] // EVALUATIONS))
    elif settings.get("evaluate_every"):
        raise ValueError(f"evaluate_every={settings['evaluate_every']} needs rows to judge on: give dev rows.")
    return Training(**settings)


def judging_of(
    task: AnyTask,
    rows: Rows | None,
    languages: str | Sequence[str],
    max_length: int,
    measure: Literal["agreement", "perplexity", "retrieval", "similarity"] | None = None,
) -> Judging | None:
    """What judges a student, if rows are given: by the task's own measure where no other is named."""
    if rows is None:
        return None
    return Judging(
        task=task,
        languages=named_languages(languages),
        data=as_source(rows),
        max_length=max_length,
        measure=measure or task_of(task).metric,
    )


def filters_of(options: Mapping[str, Any], usual: Filters, used: bool) -> Filters:
    """Which pairs are kept: the usual, or what is said. Where no parallel text is read nothing must be said."""
    said = {name: value for name, value in options.items() if name in Filters.model_fields}
    other = ["--" + name.replace("_", "-") for name, value in said.items() if value != getattr(usual, name)]
    if other and not used:
        raise ValueError(
            f"{' and '.join(other)} choose among the pairs of --parallel; of --data all rows are read. Leave it out."
        )
    return Filters(**{**usual.model_dump(), **said})

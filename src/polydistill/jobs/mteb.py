"""The job mteb: a model of vectors judged by others' rulers."""

from typing import TYPE_CHECKING, Annotated

from polydistill.bounds import Batch
from polydistill.jobs.job import Argument, AsJson, Help, job
from polydistill.jobs.options import ROWS, Languages, Pairs, Place, Rows

if TYPE_CHECKING:
    from polydistill.serving.mteb import RuledModel


@job("Look", "polydistill mteb aligned --tasks STS17,Tatoeba --langs tr,de", showing=AsJson)
def mteb(
    model: Annotated[Place, Argument("A model's or a run's folder, a hub name, or an ONNX folder of vectors.")],
    *,
    tasks: Annotated[
        Languages, Help("Tasks by their names in mteb, such as STS17,Tatoeba; their data are the hub's.")
    ] = (),
    parallel: Annotated[
        Pairs,
        Help("Bitext mining on parallel text of your own: en-tr=FILE, as `polydistill corpora` reads it.", many=True),
    ] = (),
    train: Annotated[Rows | None, Help(f"Classification: texts with labels to learn from: {ROWS}.")] = None,
    test: Annotated[Rows | None, Help("Classification: those to score on.")] = None,
    sts: Annotated[Rows | None, Help(f"STS: pairs of texts with a number: {ROWS}.")] = None,
    langs: Annotated[
        Languages, Help("Languages of the rows, and of the named tasks (default of these: all they have).")
    ] = (),
    batch_size: Annotated[Batch, Help("Texts read together.")] = 32,
    card: Annotated[bool, Help("Write the scores into the card of an exported folder.")] = False,
) -> "RuledModel":
    """Judge a model of sentence vectors by tasks of mteb: the hub's by name, or the same on rows of your own.

    Classification fits a logistic regression on the vectors of 8 rows a label, ten times, as mteb does.
    """
    from pathlib import Path

    from polydistill.data.rows.given import as_source
    from polydistill.data.translations.filters import EVERY_PAIR
    from polydistill.data.translations.given import as_corpora
    from polydistill.exports.card import has_card, tell_scores
    from polydistill.jobs.rows_seen import any_task, labels_in
    from polydistill.languages import named_languages, several
    from polydistill.serving.mteb import need_mteb, ruled, tasks_named
    from polydistill.tasks import TaskSpec

    names, codes = several(tasks), named_languages(several(langs)) if langs else ()
    if (train is None) != (test is None):
        raise ValueError("Classification needs --train, rows to learn from, and --test, rows to score on. Give both.")
    if not (names or parallel or train is not None or sts is not None):
        raise ValueError("Say what is measured: --tasks, --parallel, --train with --test, or --sts.")
    if not codes and (train is not None or sts is not None):
        raise ValueError("Of which languages are the rows? Name them, such as --langs en,tr.")
    place = Path(model).expanduser()
    if card and not has_card(place):
        raise ValueError(f"{model} has no card: export it (polydistill export {model}), or leave --card out.")
    need_mteb()
    from polydistill.serving import mteb_tasks

    chosen = tasks_named(names, codes)
    if parallel:
        chosen.append(mteb_tasks.bitext(as_corpora(parallel, filters=EVERY_PAIR)))
    if train is not None and test is not None:
        learned = as_source(train)
        task = TaskSpec(kind="text", labels=labels_in(learned, "text", "single", codes))
        chosen.append(mteb_tasks.classification(learned, as_source(test), codes, task))
    if sts is not None:
        chosen.append(mteb_tasks.similarity(as_source(sts), codes, any_task("pair", "number")))
    done = ruled(model, chosen, batch_size)
    if card:
        tell_scores(place, done.mteb, [(one.task, one.language, one.metric, one.value) for one in done.results])
    return done

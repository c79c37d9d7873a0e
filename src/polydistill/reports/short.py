"""The main result of a page first: of a run, of several, of a comparison; as a few numbers and a sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from polydistill.languages import called
from polydistill.reports.page import Headlines, Number
from polydistill.results import LOWER_IS_BETTER, RunResult
from polydistill.training.predictions import Predictions, Seen

HEADING = "In short"
_NO_SHARES = LOWER_IS_BETTER | {"pearson", "spearman"}


def of_run(result: RunResult, found: Predictions | None) -> Headlines:
    """The score, the hardest language, what was gained, and what it took."""
    metric, split = main_score(result)
    scores = {code: score.value for code, score in result.by_language(metric, split).items()}
    hardest, *_ = hardest_first(scores, metric)
    over = f"mean of {len(scores)} languages" if len(scores) > 1 else called(hardest)
    numbers = [Number(worth(float(np.mean(list(scores.values()))), metric), f"{metric}, {over}", _before(found))]
    if len(scores) > 1:
        mistake = usual_mistake(found.rows.get(hardest, ())) if found else ""
        note = f"most often {mistake}" if mistake else ""
        numbers.append(Number(worth(scores[hardest], metric), f"hardest: {called(hardest)} ({hardest})", note))
    if found is not None and found.has_before and found.knows_right:
        better, worse = (sum(changed(seen, now) for seen in found.rows.values()) for now in (True, False))
        numbers.append(Number(f"+{better} −{worse}", "rows that became right and wrong", found.extent))
    numbers.append(_took(result))
    labels = ", ".join(map(called, result.labels_seen)) or "no language"
    chosen = f" The weights were chosen on {_chosen_on(result.selected_on)}." if result.selected_on else ""
    lead = f"Scored on {split} rows of {', '.join(map(called, scores))}. Labels were seen of {labels}.{chosen}"
    return Headlines(HEADING, numbers, lead)


def _chosen_on(selected_on: Sequence[str]) -> str:
    """Such as `dev/en and dev/en,fr,tr (no labels)`: what is written as `dev/fr (no labels)`, language by language."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in selected_on:
        place, _, remark = one.partition(" ")
        split, _, code = place.partition("/")
        found.setdefault((split, remark), []).append(code)
    return " and ".join(f"{split}/{','.join(codes)} {remark}".rstrip() for (split, remark), codes in found.items())


def without_test(result: RunResult) -> Headlines:
    """What a run took that was scored on nothing."""
    lead = (
        "It was scored on no test: how it learned is seen in its losses, and what it is worth in what begins with it."
    )
    return Headlines(HEADING, [_took(result)], lead)


def of_runs(means: Mapping[str, float], metric: str, split: str, runs: int) -> Headlines:
    """The best of several systems, by the mean over its languages, and the others after it."""
    ordered = hardest_first(means, metric)[::-1]
    numbers = [
        Number(worth(means[name], metric), name, "the best" if at == 0 else "")
        for at, name in enumerate(ordered[:4])  # ours: a row of cards; all stand in the table
    ]
    lead = f"{runs} runs of {len(means)} systems. Mean {metric} ({split}) over the languages of each, the best first."
    return Headlines(HEADING, numbers, lead)


def main_score(result: RunResult) -> tuple[str, str]:
    """The metric and the split that a run is judged by."""
    first = result.scores[0]
    return first.metric, first.split


def hardest_first(scores: Mapping[str, float], metric: str) -> list[str]:
    """The names, that of the worst score first."""
    return sorted(scores, key=lambda name: scores[name], reverse=metric in LOWER_IS_BETTER)


def is_share(metric: str) -> bool:
    """Whether it is a share of something, from 0 to 1, and no error or correlation."""
    return metric not in _NO_SHARES


def worth(value: float, metric: str) -> str:
    """A score in points, such as `78.1 %`."""
    return f"{100 * value:.1f}" + (" %" if is_share(metric) else "")


def usual_mistake(seen: Sequence[Seen]) -> str:
    """The answer that is most often given in place of another; empty where none is twice."""
    wrong = Counter((one.gold, one.after.answer) for one in seen if one.after.right is False)
    if not wrong:
        return ""
    ((gold, said), count), *_ = wrong.most_common(1)
    return f"{gold} taken for {said} ({count})" if count > 1 else ""


def changed(seen: Sequence[Seen], now: bool) -> int:
    """How many rows are right (or wrong) now and were not before."""
    return sum(one.is_right("before") is not now and one.is_right("after") is now for one in seen)


def right_share(seen: Sequence[Seen], when: str) -> float:
    """The share of rows that were right before, or are after."""
    return float(np.mean([one.is_right(when) for one in seen]))


def _before(found: Predictions | None) -> str:
    """The shares of right rows before and after, of the same rows."""
    if found is None or not (found.has_before and found.knows_right):
        return ""
    both = (
        100 * float(np.mean([right_share(seen, when) for seen in found.rows.values()])) for when in ("before", "after")
    )
    before, after = both
    return f"right answers among the rows below: {before:.1f} % before, {after:.1f} % after"


def _took(result: RunResult) -> Number:
    memory = "" if result.memory is None else f"at most {result.memory / 1e9:.1f} GB of memory"
    return Number(_time(result.seconds), "time it took", memory)


def _time(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"

"""What a run's own rows show: before and after, the hardest languages, what is taken for what, and the rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from markupsafe import Markup

from polydistill.languages import called
from polydistill.reports import short
from polydistill.reports.page import Grid, Picture, Prose, Section, shown
from polydistill.reports.plots import score_bars
from polydistill.reports.rows import Row, Rows
from polydistill.results import RunResult
from polydistill.training.predictions import Predictions, Seen

READABLE = 12  # ours: of more labels than this only what is most often mistaken is shown


@dataclass(frozen=True)
class Confusion:
    """By language a table of counts: a row a right label, a column what was said."""

    heading: str
    labels: Sequence[str]
    taken: Mapping[str, Sequence[Sequence[int]]]
    remark: str

    @staticmethod
    def shade(counts: Sequence[int], count: int) -> int:
        """How strongly a cell is coloured, in percent: its share of its row, so that text stays readable on it."""
        return round(45 * count / max(1, sum(counts)))

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("confusion.html", section=self, zip=zip)


def sections(result: RunResult, found: Predictions) -> list[Section]:
    """All that there is something for, what a person asks first on top."""
    parts: list[Section] = [hardest_first(result, found)]
    if before_and_after := _bars(found):
        parts.append(before_and_after)
    if confusion := confusions(result, found):
        parts.append(confusion)
    return [*parts, browser(found)]


def hardest_first(result: RunResult, found: Predictions) -> Grid:
    """The languages, that of the worst score on top, with what became right and wrong and the usual mistake."""
    metric, split = short.main_score(result)
    scores = {code: score.value for code, score in result.by_language(metric, split).items()}
    both = found.has_before and found.knows_right
    columns = ["language", f"{metric}, all rows", "labels seen"]
    columns += ["right before", "right after", "became right", "became wrong"] if both else []
    columns += ["most often mistaken"] if found.knows_right else []
    rows = []
    for code in short.hardest_first(scores, metric):
        seen = found.rows.get(code, ())
        cells = [f"{called(code)} ({code})", f"{100 * scores[code]:.1f}", "yes" if code in result.labels_seen else "no"]
        cells += _moved(seen) if both else []
        cells += [short.usual_mistake(seen) or "–"] if found.knows_right else []
        rows.append(cells)
    shares = [1, 3, 4] if both else [1]
    words = [2, *([len(columns) - 1] if found.knows_right else [])]
    remark = f"Scores in points. {found.extent}"
    return Grid("Languages, the hardest first", columns, rows, remark, shares if short.is_share(metric) else (), words)


def confusions(result: RunResult, found: Predictions) -> Confusion | Grid | None:
    """What is taken for what, by language: of all rows where the scores say it, else of those that are kept."""
    scored = {score.language: score for score in result.scores if score.confusion and score.split == found.split}
    labels = next((score.labels for score in scored.values()), found.labels)
    if not labels:
        return None
    heading, remark = "What is taken for what", "All rows of the test." if scored else found.extent
    taken: dict[str, Sequence[Sequence[int]]] = {code: score.confusion for code, score in scored.items()}
    if not scored:
        taken = {code: _taken(seen, labels) for code, seen in found.rows.items()}
    if len(labels) <= READABLE:
        return Confusion(heading, labels, taken, remark)
    rows = []
    for code, counts in taken.items():
        wrong = [
            (counts[right][said], right, said) for right, said in product(range(len(labels)), repeat=2) if right != said
        ]
        for count, right, said in sorted(wrong, reverse=True)[:3]:
            if count:
                rows.append((f"{called(code)} ({code})", labels[right], labels[said], str(count)))
    return Grid(heading, ("language", "right", "said", "rows"), rows, f"The three most frequent mistakes. {remark}")


def browser(found: Predictions) -> Rows:
    """The rows with filters."""
    both = found.has_before
    rows = [
        Row(code, one.row, one.texts, one.gold, (one.before, one.after) if both else (one.after,))
        for code, seen in found.rows.items()
        for one in seen
    ]
    return Rows("Row by row", found.columns, ("before", "after") if both else ("said",), rows, found.extent)


def _bars(found: Predictions) -> Picture | None:
    """The share of right rows before and after, by language."""
    if not (found.has_before and found.knows_right):
        return None
    shares = {
        when: {code: short.right_share(seen, when) for code, seen in found.rows.items()} for when in ("before", "after")
    }
    plot = score_bars(shares, title="Right rows before and after", metric="right rows")
    return Picture("Before and after", plot, f"The start and the student on the same rows. {found.extent}")


def _moved(seen: Sequence[Seen]) -> list[str]:
    """Right before and after in percent, and how many rows became right or wrong."""
    shares = [f"{100 * short.right_share(seen, when):.1f}" for when in ("before", "after")]
    return [*shares, *(str(short.changed(seen, now)) for now in (True, False))]


def _taken(seen: Sequence[Seen], labels: Sequence[str]) -> list[list[int]]:
    counts = Counter((one.gold, one.after.answer) for one in seen)
    return [[counts[right, said] for said in labels] for right in labels]


def _text_of(name: str) -> str:
    """A language, and what else is said of its text, such as `tr, text alone`."""
    code, comma, kind = name.partition(",")
    return f"{called(code)} ({code}){comma}{kind}"


def teachers_answers(shares: Mapping[str, Mapping[str, float]]) -> Grid:
    """What the teacher said of the rows that could be learned from, by language."""
    labels = list(dict.fromkeys(label for by in shares.values() for label in by))
    rows = [(_text_of(name), *(f"{100 * by.get(label, 0.0):.1f}" for label in labels)) for name, by in shares.items()]
    remark = "In percent of the candidates. Of what a teacher hardly ever says, a student learns little."
    return Grid("The teacher's answers", ("language", *labels), rows, remark, bars=range(1, len(labels) + 1))


def nothing_kept() -> Prose:
    """Why a page has no rows."""
    return Prose("Row by row", "This run keeps no rows: it was not scored on a test, or an older version did it.")

"""What a finished run stores in its folder as `results.json`: its scores and all that is needed to judge them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidationError, model_validator

from polydistill.errors import DataError, unknown
from polydistill.languages import canonical
from polydistill.specs import Spec, problems
from polydistill.whole import write_text

RESULTS_FILE, RUN_FILE, MODEL, STUDENTS = "results.json", "run.json", "model", "students"
SEEN_FILE = "labels_seen.json"
"""In a run's folder: what it scored, what it was, and the student it left, or a folder of several, by name."""

LanguageCode = Annotated[str, AfterValidator(canonical)]
"""A language, or a pair such as `en-hi`: rows with their first text in one language and the others in the other."""

LOWER_IS_BETTER = frozenset({"mae"})
"""Metrics that are errors; all others are shares between 0 and 1, the more the better."""
_CORRELATIONS = ("pearson", "spearman")
_SHARES_OF_HITS = ("accuracy", "em")
_TRIPLES = r"^\d+,\d+,\d+( \d+,\d+,\d+)*$"


class Score(Spec):
    """One number of one language: a share between 0 and 1, or a mean error, over `examples` rows of `split`.

    `hits` holds one character an example in the order of the rows ("1" right, "0" wrong): with it two runs can be
    compared example by example. An F1 has `entities` instead: of each example the entities that were right, that were
    said, and that there are, as in "1,2,1 0,0,2". An F1 that is a mean over examples has `words`, the same of the words
    of an answer. A mean absolute error (`mae`) has `errors`, a digit an example: by how many classes it was wrong.
    A correlation has `numbers`: what was said of each example. Where a row (word) has one of `labels`, there is
    `confusion`: a line for each right label, with how often which was said. `by_label` is of each label how often it
    was right, said and there. `data_fingerprint` names the scored rows; only scores on the same rows are compared.
    """

    language: LanguageCode
    metric: str = "accuracy"
    value: float
    examples: int = Field(ge=1)
    split: str = "test"
    hits: str | None = Field(default=None, pattern="^[01]+$")
    entities: str | None = Field(default=None, pattern=_TRIPLES)
    words: str | None = Field(default=None, pattern=_TRIPLES, exclude_if=lambda words: words is None)
    errors: str | None = Field(default=None, pattern="^[0-9]+$", exclude_if=lambda errors: errors is None)
    numbers: tuple[float, ...] | None = Field(default=None, exclude_if=lambda numbers: numbers is None)
    labels: tuple[str, ...] = Field(default=(), exclude_if=lambda labels: not labels)
    confusion: tuple[tuple[int, ...], ...] = Field(default=(), exclude_if=lambda taken: not taken)
    by_label: tuple[tuple[int, int, int], ...] = Field(default=(), exclude_if=lambda counts: not counts)
    data_fingerprint: str = ""

    @model_validator(mode="after")
    def _a_value_is_in_its_range(self) -> Self:
        least = -1.0 if self.metric in _CORRELATIONS else 0.0
        if not self.value >= least:
            raise ValueError(f"value is {self.value}; {self.metric} is greater than or equal to {least:g}.")
        if self.value > 1.0 and self.metric not in LOWER_IS_BETTER:
            raise ValueError(f"value is {self.value}; {self.metric} is a share, less than or equal to 1.")
        return self

    @model_validator(mode="after")
    def _errors_agree(self) -> Self:
        errors = self.distances
        if errors is None:
            return self
        if len(errors) != self.examples:
            raise ValueError(f"errors has {len(errors)} digits; expected one for each of {self.examples} examples.")
        if self.metric == "mae" and abs(float(errors.mean()) - self.value) > 1e-6:
            raise ValueError(f"value is {self.value}, but the errors' mean is {errors.mean()}; store it as the value.")
        return self

    @model_validator(mode="after")
    def _hits_agree(self) -> Self:
        if self.hits is None:
            return self
        if len(self.hits) != self.examples:
            raise ValueError(
                f"hits has {len(self.hits)} characters; expected one for each of {self.examples} examples."
            )
        share = self.hits.count("1") / self.examples
        if self.metric in _SHARES_OF_HITS and abs(share - self.value) > 1e-6:
            raise ValueError(f"value is {self.value}, but {share} of hits are right; store the share as the value.")
        return self

    @model_validator(mode="after")
    def _entities_agree(self) -> Self:
        counts = self.counts
        if counts is None:
            return self
        if len(counts) != self.examples:
            raise ValueError(f"entities has counts of {len(counts)} examples; expected one of each of {self.examples}.")
        if self.metric == "f1" and abs(f1(counts) - self.value) > 1e-6:
            raise ValueError(f"value is {self.value}, but the entities' F1 is {f1(counts)}; store it as the value.")
        return self

    @model_validator(mode="after")
    def _words_agree(self) -> Self:
        each = self.f1_by_example
        if each is None:
            return self
        if len(each) != self.examples:
            raise ValueError(f"words has counts of {len(each)} examples; expected one of each of {self.examples}.")
        if self.metric == "f1" and abs(float(each.mean()) - self.value) > 1e-6:
            raise ValueError(
                f"value is {self.value}, but the mean F1 of words is {each.mean()}; store it as the value."
            )
        return self

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """Entities right, said and there by example [examples, 3], or None where they were not stored."""
        return None if self.entities is None else _triples(self.entities)

    @property
    def f1_by_example(self) -> NDArray[np.float64] | None:
        """The F1 of each example's words, of which the value is the mean, or None where they were not stored."""
        return None if self.words is None else f1_by_example(_triples(self.words))

    @property
    def distances(self) -> NDArray[np.float64] | None:
        """By how many classes each example was wrong, or None where it was not stored."""
        if self.errors is None:
            return None
        return (np.frombuffer(self.errors.encode(), dtype=np.uint8) - ord("0")).astype(np.float64)

    @property
    def correct(self) -> NDArray[np.bool_] | None:
        """Right or wrong by example, or None where it was not stored."""
        return None if self.hits is None else np.frombuffer(self.hits.encode(), dtype=np.uint8) == ord("1")


class RunResult(Spec):
    """One finished run: one method, one seed.

    `labels_seen` are the languages whose labels were used in training, by this run or by one it started from;
    `selected_on` says what chose the checkpoint (such as "dev/en"); `data_fingerprint` names the training data.
    """

    run_id: str
    name: str
    seed: int
    scores: tuple[Score, ...]
    labels_seen: tuple[LanguageCode, ...]
    selected_on: tuple[str, ...]
    data_fingerprint: str
    model_fingerprint: str
    seconds: float = Field(ge=0.0)
    memory: int | None = Field(default=None, exclude_if=lambda memory: memory is None)
    """The most that the process, or its accelerator, held: bytes."""
    versions: dict[str, str]
    machine: str = ""
    command: str = ""

    @model_validator(mode="after")
    def _scores_are_unique(self) -> Self:
        keys = [(score.language, score.metric, score.split) for score in self.scores]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"Scores {twice} occur twice; a run has one score a language, metric and split.")
        return self

    def by_language(self, metric: str = "accuracy", split: str = "test") -> dict[str, Score]:
        """The scores of one metric and split, by language, in the order they are stored."""
        return {score.language: score for score in self.scores if (score.metric, score.split) == (metric, split)}

    def mean(self, languages: Iterable[str], metric: str = "accuracy", split: str = "test") -> float:
        """The plain mean over the named languages; each must have a score."""
        scores = self.by_language(metric, split)
        wanted = tuple(languages)
        if not wanted:
            raise ValueError("A mean needs at least one language; got none.")
        for code in wanted:
            if code not in scores:
                raise unknown(f"language in the {split} {metric} scores of run {self.name!r}", code, scores)
        return sum(scores[code].value for code in wanted) / len(wanted)


class LabelsSeen(Spec):
    """Of a model that was made of another without training: whose labels are in it, and what chose its weights."""

    labels_seen: tuple[LanguageCode, ...]
    selected_on: tuple[str, ...]


def score_of(
    language: str, correct: NDArray[np.bool_], split: str = "test", data_fingerprint: str = "", metric: str = "accuracy"
) -> Score:
    """The accuracy (or another share) of one language from right or wrong by example, which it then carries along."""
    if correct.size == 0:
        raise ValueError(f"No examples to score for {language!r}; expected at least one.")
    hits = "".join("1" if right else "0" for right in correct)
    value = float(np.mean(correct))
    return Score(
        language=language,
        metric=metric,
        value=value,
        examples=correct.size,
        split=split,
        hits=hits,
        data_fingerprint=data_fingerprint,
    )


def error_score(language: str, errors: NDArray[np.int64], split: str = "test", data_fingerprint: str = "") -> Score:
    """The mean absolute error of one language from each example's (0 to 9), which the score then carries along."""
    if errors.size == 0:
        raise ValueError(f"No examples to score for {language!r}; expected at least one.")
    return Score(
        language=language,
        metric="mae",
        value=float(np.mean(errors)),
        examples=errors.size,
        split=split,
        errors="".join(map(str, errors.tolist())),
        data_fingerprint=data_fingerprint,
    )


def f1(counts: NDArray[np.int64]) -> float:
    """F1 = 2 right / (said + there) of all examples [examples, 3] together; 0 where nothing was said and is there."""
    right, said, there = counts.sum(axis=0).tolist()
    return 2 * right / (said + there) if said + there else 0.0


def entity_score(language: str, counts: NDArray[np.int64], split: str = "test", data_fingerprint: str = "") -> Score:
    """The F1 of one language from the entities right, said and there by example, which the score then carries along."""
    if counts.size == 0:
        raise ValueError(f"No examples to score for {language!r}; expected at least one.")
    return Score(
        language=language,
        metric="f1",
        value=f1(counts),
        examples=len(counts),
        split=split,
        entities=_written(counts),
        data_fingerprint=data_fingerprint,
    )


def f1_by_example(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 = 2 right / (said + there) of each example [examples, 3]; 0 where nothing was said and is there."""
    right, said, there = counts.T.astype(np.float64)
    return np.asarray(2 * right / np.maximum(said + there, 1))


def word_score(language: str, counts: NDArray[np.int64], split: str = "test", data_fingerprint: str = "") -> Score:
    """The mean F1 of one language from the words right, said and there by example, which the score then carries."""
    if counts.size == 0:
        raise ValueError(f"No examples to score for {language!r}; expected at least one.")
    return Score(
        language=language,
        metric="f1",
        value=float(f1_by_example(counts).mean()),
        examples=len(counts),
        split=split,
        words=_written(counts),
        data_fingerprint=data_fingerprint,
    )


def _written(counts: NDArray[np.int64]) -> str:
    return " ".join(",".join(map(str, triple)) for triple in counts.tolist())


def _triples(written: str) -> NDArray[np.int64]:
    return np.array([triple.split(",") for triple in written.split(" ")], dtype=np.int64)


def save_result(folder: str | Path, result: RunResult) -> Path:
    """Write `results.json` into the run's folder, whole or not at all: a reader never meets half a file."""
    target = Path(folder) / RESULTS_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, result_text(result))
    return target


def result_text(result: RunResult) -> str:
    """The content of `results.json`."""
    return result.model_dump_json(indent=2) + "\n"


def load_result(folder: str | Path) -> RunResult:
    """Read `results.json` from a run's folder."""
    path = Path(folder) / RESULTS_FILE
    if not path.is_file():
        raise DataError(path, None, "no file", "the result of a finished run", "Finish the run, or name its folder.")
    try:
        return RunResult.model_validate_json(path.read_bytes())
    except ValidationError as error:
        found = problems(error).removesuffix(".")
        raise DataError(path, None, found, "a run's result", "Evaluate the run again to rewrite it.") from error

"""Dev rows of a student of sentence vectors: translations that are to be found, or pairs of texts with a number.

    retrieval    how often a sentence's nearest in the other language is its translation, both ways
    cosine       of the student's vector of a sentence, in any language, with the teacher's of it
    similarity   Spearman's rank correlation of the cosine of a pair's two vectors with the number of the pair

N = rows, D = width.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from polydistill.data.batches.encoding import Encoded, Floats, encode_texts
from polydistill.data.rows.load import load_aligned
from polydistill.data.rows.shapes import SENTENCE
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Prompted, SentenceHead
from polydistill.retrieval.neighbours import ranks, similarities
from polydistill.retrieval.retrieval import accuracy_and_mrr
from polydistill.retrieval.retrieving import aligned, asleep
from polydistill.retrieval.token_vectors import TextEncoder, own_vectors
from polydistill.tasks import task_of
from polydistill.training.judging import labelled
from polydistill.training.settings import Judging

Values = dict[str, dict[str, float]]
"""By measure and language; the mean of the first measures chooses."""


@dataclass(frozen=True)
class Vectors:
    """An encoder that says vectors of texts."""

    loaded: Loaded
    head: SentenceHead
    max_length: int

    def read(self, texts: list[str]) -> Encoded:
        """Texts as it reads them."""
        written = Prompted(self.head.reading.prompt, texts)
        return encode_texts(self.loaded.tokenizer, written, None, self.head.reading.max_length or self.max_length)

    def say(self, text: Encoded) -> Tensor:
        """Their vectors [N, D], at length one."""
        with asleep([self.loaded]):
            return own_vectors(TextEncoder(self.loaded.network), text, self.head)


class Translated:
    """Sentences that say the same in all languages, read once; `teacher` says vectors of those it reads."""

    def __init__(self, judging: Judging, student: Vectors, source_language: str, teacher: Vectors | None) -> None:
        self.student, self.source = student, source_language
        codes = tuple(dict.fromkeys((source_language, *judging.languages)))
        rows = load_aligned(aligned(judging.data, "retrieval"), SENTENCE, codes, "retrieval").rows
        texts = {code: table[SENTENCE.texts[0]][:] for code, table in rows.items()}
        self.texts = {code: student.read(some) for code, some in texts.items()}
        self.taught_ND = None if teacher is None else teacher.say(teacher.read(texts[source_language])).cpu()

    def measure(self) -> tuple[float, Values]:
        """The mean over languages and ways chooses."""
        said = {code: self.student.say(text) for code, text in self.texts.items()}
        source_ND, others = said[self.source], {code: one for code, one in said.items() if code != self.source}
        found = {
            f"retrieval to {self.source}": {code: _found(one_ND, source_ND) for code, one_ND in others.items()},
            f"retrieval from {self.source}": {code: _found(source_ND, one_ND) for code, one_ND in others.items()},
        }
        score = float(np.mean([value for by_language in found.values() for value in by_language.values()]))
        if self.taught_ND is not None:
            taught_ND = self.taught_ND.to(source_ND)
            found["cosine with the teacher"] = {
                code: float((one_ND * taught_ND).sum(-1).mean()) for code, one_ND in said.items()
            }
        return score, found


class Similar:
    """Pairs of texts with a number, read once."""

    def __init__(self, judging: Judging, student: Vectors) -> None:
        self.student, self.task = student, task_of(judging.task)
        rows = labelled(judging).rows
        self.pairs = {
            code: tuple(student.read(table[name][:]) for name in self.task.shape.texts) for code, table in rows.items()
        }
        self.numbers: Mapping[str, Floats] = {code: self.task.gold(table) for code, table in rows.items()}

    def measure(self) -> tuple[float, Values]:
        """The mean over languages chooses."""
        found: dict[str, float] = {}
        for code, (one, other) in self.pairs.items():
            cosines_N = (self.student.say(one) * self.student.say(other)).sum(-1).double().cpu().numpy()
            found[code] = self.task.score(code, cosines_N, self.numbers[code]).value
        return float(np.mean(list(found.values()))), {"similarity": found}


def _found(queries_ND: Tensor, candidates_ND: Tensor) -> float:
    """How often the nearest candidate is the translation."""
    return accuracy_and_mrr(ranks(similarities(queries_ND, candidates_ND)))[0]

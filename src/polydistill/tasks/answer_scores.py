"""Scores of answers that are parts of a text, by the rules of the SQuAD v1.1 script (Rajpurkar et al. 2016).

Both answers are normalised: lower case, no punctuation, no English articles, single spaces. They match exactly where
they are then equal. F1 compares their words, as many times as they occur:

    precision = right / said        recall = right / there        F1 = 2 right / (said + there)

Of several right answers the best counts, for each of the two scores. A score is the mean over questions.

MLQA (Lewis et al. 2020) normalises by language: the articles are the language's own, any script's punctuation is taken
out, and Chinese characters are words.
"""

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Literal

from polydistill.errors import unknown
from polydistill.languages import parts_of

Normaliser = Literal["squad", "mlqa"]
Normalise = Callable[[str], str]

_ENGLISH = r"\b(a|an|the)\b"
_ARTICLES = {  # those of MLQA's script, for the languages that it knows; "" = none
    "en": _ENGLISH,
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "hi": "",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": r"\sال^|ال",
    "zh": "",
}
_CHINESE = re.compile(r"([\u4e00-\u9fa5])")


def normalise_as(normaliser: Normaliser, language: str) -> Normalise:
    """How answers of a language are normalised; of a pair of languages those of the second, which the context is in."""
    if normaliser == "squad":
        return squad_normalised
    code = parts_of(language)[-1]
    if code not in _ARTICLES:
        raise unknown("language of MLQA's normaliser", code, _ARTICLES)
    return partial(mlqa_normalised, language=code)


def squad_normalised(text: str) -> str:
    """As SQuAD's script has it, for every language."""
    kept = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(_ENGLISH, " ", kept).split())


def mlqa_normalised(text: str, language: str) -> str:
    """As MLQA's script has it."""
    kept = "".join(char for char in text.lower() if char not in _punctuation())
    if _ARTICLES[language]:
        kept = re.sub(_ARTICLES[language], " ", kept)
    return " ".join((_CHINESE.sub(r" \1 ", kept) if language == "zh" else kept).split())


@cache
def _punctuation() -> frozenset[str]:
    """What any script uses as punctuation."""
    everything = map(chr, range(sys.maxunicode))
    return frozenset(char for char in everything if unicodedata.category(char).startswith("P")) | set(
        string.punctuation
    )


def matches(said: str, right: Sequence[str], normalise: Normalise) -> bool:
    """Whether an answer is one of the right ones."""
    own = normalise(said)
    return any(own == normalise(one) for one in right)


def word_counts(said: str, right: Sequence[str], normalise: Normalise) -> tuple[int, int, int]:
    """Words that are right, that were said, and that there are, against the right answer with the best F1."""
    own = Counter(normalise(said).split())
    others = [Counter(normalise(one).split()) for one in right]
    counts = [((own & other).total(), own.total(), other.total()) for other in others]
    return max(counts, key=lambda triple: 2 * triple[0] / max(1, triple[1] + triple[2]))

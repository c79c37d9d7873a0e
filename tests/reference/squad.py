"""The scoring rules of SQuAD v1.1 again, from the words of the paper and of its evaluation script's page, plainly.

Rajpurkar et al. 2016, Sec. 6.1: "Exact match. This metric measures the percentage of predictions that match any one of
the ground truth answers exactly. (Macro-averaged) F1 score. This metric measures the average overlap between the
prediction and ground truth answer. We treat the prediction and ground truth as bags of tokens, and compute their F1. We
take the maximum F1 over all of the ground truth answers for a given question, and then average over all of the
questions." Both metrics "ignore punctuations and articles (a, an, the)"; the script lowers case before, and squeezes
white space after.
"""

from fractions import Fraction

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
ARTICLES = ("a", "an", "the")


def is_word_character(char):
    return char.isalnum() or char == "_"


def without_articles(text):
    """Each run of word characters that is an article becomes a space."""
    pieces, run = [], ""
    for char in [*text, None]:
        if char is not None and is_word_character(char):
            run += char
            continue
        pieces.append(" " if run in ARTICLES else run)
        pieces.append(char or "")
        run = ""
    return "".join(pieces)


def normalised(text):
    lowered = "".join(char for char in text.lower() if char not in PUNCTUATION)
    return " ".join(without_articles(lowered).split())


def exact_match(prediction, truths):
    return max(int(normalised(prediction) == normalised(truth)) for truth in truths)


def f1_of_two(prediction, truth):
    said, there = normalised(prediction).split(), normalised(truth).split()
    left, same = list(there), 0
    for token in said:
        if token in left:
            left.remove(token)
            same += 1
    if same == 0:
        return Fraction(0)
    precision, recall = Fraction(same, len(said)), Fraction(same, len(there))
    return 2 * precision * recall / (precision + recall)


def f1(prediction, truths):
    return max(f1_of_two(prediction, truth) for truth in truths)


def evaluate(predictions, all_truths):
    """Exact match and F1 over questions, as shares."""
    pairs = list(zip(predictions, all_truths, strict=True))
    exact = Fraction(sum(exact_match(*pair) for pair in pairs), len(pairs))
    return float(exact), float(sum(f1(*pair) for pair in pairs) / len(pairs))

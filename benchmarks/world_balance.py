"""How far rules of thumb get on the mini-world's pairs, where chance is 1/3, and on its reviews, where it is 1/5.

Command: python benchmarks/world_balance.py [--task stars]
Prints the Markdown tables of docs/world.md. Pairs: classifiers that see one sentence only (words and pairs of words),
and rules that see how the words of the two overlap. Reviews: classifiers that see single words, or up to three in a
row, of the whole review or of a part. All are trained on train and scored on dev and test.
"""

import argparse

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier

from polydistill.world.corpora import World
from polydistill.world.reviews import reading

Rows = tuple[list[str], list[str], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train-rows", type=int, default=6000)
    parser.add_argument("--rows", type=int, default=2400)
    parser.add_argument("--language", default="en")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--task", choices=("nli", "stars"), default="nli")
    options = parser.parse_args()
    header = ""
    for name in ("mini", "medium", "full"):
        world = World(options.seed, name)
        read, judge = (rows, shortcuts) if options.task == "nli" else (reviews, review_shortcuts)
        train = read(world, "train", options.train_rows, options.language)
        for split in ("dev", "test"):
            scores = judge(train, read(world, split, options.rows, options.language))
            if not header:
                header = f"| difficulty | scored on | {' | '.join(scores)} |"
                print(header, "|---|---|" + "---|" * len(scores), sep="\n")
            print(f"| {name} | {split} | " + " | ".join(f"{100 * score:.1f}" for score in scores.values()) + " |")


def rows(world: World, split: str, number: int, language: str) -> Rows:
    """Premises, hypotheses and labels."""
    pairs = world.nli(split, number)
    premises = world.sentences((pair.premise for pair in pairs), language)
    hypotheses = world.sentences((pair.hypothesis for pair in pairs), language)
    return premises, hypotheses, np.array([pair.label for pair in pairs])


def reviews(world: World, split: str, number: int, language: str) -> Rows:
    """Bodies, titles and stars; categories follow from the title's thing."""
    found = world.reviews(split, number)
    bodies, titles, _ = zip(*(reading(review, language) for review in found), strict=True)
    return list(bodies), list(titles), np.array([review.stars for review in found])


def review_shortcuts(train: Rows, scored: Rows) -> dict[str, float]:
    """The accuracy of each reader of words; of two classifiers, the better one."""
    parts = {"body only": (0,), "title only": (1,), "both": (0, 1)}

    def text(given: Rows, part: tuple[int, ...]) -> list[str]:
        return [" ".join(some) for some in zip(*(given[at] for at in part), strict=True)]

    return {
        f"{name}, {what}": max(
            _accuracy(model, text(train, part), train[2], text(scored, part), scored[2]) for model in _on_words(longest)
        )
        for longest, what in ((1, "single words"), (3, "up to three"))
        for name, part in parts.items()
    }


def shortcuts(train: Rows, scored: Rows) -> dict[str, float]:
    """The accuracy of each rule of thumb; of two classifiers on one sentence, the better one."""
    overlap = _overlap(train), _overlap(scored)
    return {
        "hypothesis only": max(_accuracy(model, train[1], train[2], scored[1], scored[2]) for model in _on_words()),
        "premise only": max(_accuracy(model, train[0], train[2], scored[0], scored[2]) for model in _on_words()),
        # The rule knows the share of the hypothesis's words that the premise has; the tree knows how many words the
        # two share and how many each has alone.
        "word overlap, rule": _accuracy(_tree(2), overlap[0][:, :1], train[2], overlap[1][:, :1], scored[2]),
        "word overlap, tree": _accuracy(_tree(6), overlap[0], train[2], overlap[1], scored[2]),
        "first words of both": _accuracy(
            _on_words()[1], _first_words(train), train[2], _first_words(scored), scored[2]
        ),
    }


def _tree(depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0)


def _on_words(longest: int = 2) -> tuple[Pipeline, Pipeline]:
    return (
        make_pipeline(CountVectorizer(ngram_range=(1, longest)), MultinomialNB()),
        make_pipeline(CountVectorizer(ngram_range=(1, longest)), LogisticRegression(max_iter=1000)),
    )


def _accuracy(model, train_x, train_y, x, y) -> float:
    return float((model.fit(train_x, train_y).predict(x) == y).mean())


def _overlap(given: Rows) -> np.ndarray:
    """How many words the two share, and how many each has alone."""
    features = []
    for premise, hypothesis in zip(given[0], given[1], strict=True):
        one, other = set(premise.lower().rstrip(".").split()), set(hypothesis.lower().rstrip(".").split())
        shared = len(one & other)
        features.append((shared / len(other), shared, len(one) - shared, len(other) - shared))
    return np.array(features)


def _first_words(given: Rows) -> list[str]:
    return [f"{p.split()[0]}_{h.split()[0]}" for p, h in zip(given[0], given[1], strict=True)]


if __name__ == "__main__":
    main()

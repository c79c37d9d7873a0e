"""How far rules of thumb get on the mini-world's pairs (chance is 1/3), paraphrases (1/2), reviews (1/5) and stories.

Command: python benchmarks/world_balance.py [--task stars | paraphrase | qa]
Prints the Markdown tables of docs/world.md. Pairs: classifiers that see one sentence only (words and pairs of words),
and rules that see how the words of the two overlap. Reviews: classifiers that see single words, or up to three in a
row, of the whole review or of a part. All are trained on train and scored on dev and test. Paraphrases: as for pairs.
Stories: parts of the story that are of the kind asked for, chosen without or with the question's words (all languages
are alike, and so are all difficulties).
"""

import argparse
import re

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier

from polydistill.world.corpora import World
from polydistill.world.paraphrases import Phrasing, Rephrasing
from polydistill.world.paraphrases import say as rephrased
from polydistill.world.reviews import reading
from polydistill.world.stories import Reading, read

Rows = tuple[list[str], list[str], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train-rows", type=int, default=6000)
    parser.add_argument("--rows", type=int, default=2400)
    parser.add_argument("--language", default="en")
    parser.add_argument("--difficulties", nargs="+", default=["mini", "medium", "full"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--task", choices=("nli", "stars", "paraphrase", "qa"), default="nli")
    options = parser.parse_args()
    if options.task == "qa":
        print_stories(World(options.seed), options.rows, options.language)
        return
    header = ""
    for name in options.difficulties:
        world = World(options.seed, name)
        rows_of, judge = {
            "nli": (rows, shortcuts),
            "stars": (reviews, review_shortcuts),
            "paraphrase": (paraphrases, paraphrase_shortcuts),
        }[options.task]
        train = rows_of(world, "train", options.train_rows, options.language)
        for split in ("dev", "test"):
            scores = judge(train, rows_of(world, split, options.rows, options.language))
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


def paraphrases(world: World, split: str, number: int, language: str) -> Rows:
    """First sentences, second sentences and labels."""
    found = world.rephrasings(split, number)
    first, second = ([rephrased(side, language) for side in sides] for sides in zip(*map(_sides, found), strict=True))
    return first, second, np.array([one.label for one in found])


def _sides(pair: Rephrasing) -> tuple[Phrasing, Phrasing]:
    return pair.first, pair.second


def paraphrase_shortcuts(train: Rows, scored: Rows) -> dict[str, float]:
    """Those of pairs, by the names that fit."""
    found = shortcuts(train, scored)
    return {name.replace("hypothesis", "second").replace("premise", "first"): score for name, score in found.items()}


def print_stories(world: World, rows: int, language: str) -> None:
    """Exact matches of rules that choose a part of the story, by split."""
    for split in ("train", "dev", "test"):
        scores = story_rules([read(one, language) for one in world.story_questions(split, rows)])
        if split == "train":
            print(f"| split | {' | '.join(scores)} |", "|---|" + "---:|" * len(scores), sep="\n")
        print(f"| {split} | " + " | ".join(f"{100 * score:.1f}" for score in scores.values()) + " |")


def story_rules(asked: list[Reading]) -> dict[str, float]:
    """How often each rule finds the answer."""
    told = [[_bag(sentence) for sentence in one.context.split(". ")] for one in asked]
    parts = [[one.context[slice(*span)] for span in one.candidates] for one in asked]

    def right(*chosen: int) -> float:
        return float(np.mean([own[at] == one.text for one, own, at in zip(asked, parts, chosen, strict=True)]))

    questions = [_bag(one.question) for one in asked]
    return {
        "any of its kind": float(
            np.mean([own.count(one.text) / len(own) for one, own in zip(asked, parts, strict=True)])
        ),
        "the first": right(*(0 for _ in asked)),
        "the last": right(*(-1 for _ in asked)),
        "where most words recur in the story": right(
            *(_most([sum(len(one & other) for other in sentences) for one in sentences]) for sentences in told)
        ),
        "where most words of the question are": right(
            *(_most([len(own & one) for one in sentences]) for own, sentences in zip(questions, told, strict=True))
        ),
    }


def _bag(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _most(numbers: list[int]) -> int:
    return int(np.argmax(numbers))


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

"""Reviews: stars that a second reading of the words confirms in six languages, balanced, and disjoint by sentence."""

import importlib.util
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from polydistill.world.corpora import World
from polydistill.world.reviews import CATEGORIES, DEGREES, SCALES, SIDES, THINGS, Opinion, Review, reading, say, stars
from polydistill.world.splits import SHARES, SPLITS, TOLERANCE
from polydistill.world.tables import table
from reference.opinions import stars as stars_read
from reference.opinions import worth as worth_read

SEEDS = range(3)
LANGUAGES = ("de", "en", "es", "fr", "sw", "tr")
PAGES = Path(__file__).parents[2] / "docs" / "world_languages"
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "world_balance.py"


SCALE = {quality: name for name, both in SCALES.items() for quality in both}


def cells(review):
    """The thing or side of each opinion with its scale."""
    return {(one.subject, SCALE[one.quality]) for one in (review.title, *review.body)}


def words(review):
    """The words of a review in English."""
    body, title, _ = reading(review, "en")
    return set(f"{body} {title}".lower().replace(".", "").split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_opinion_is_worth_what_its_words_say(language):
    opinions = [
        Opinion(subject, quality, degree, denied)
        for subject, scales in {**THINGS, **SIDES}.items()
        for scale in scales
        for quality in SCALES[scale]
        for degree in DEGREES
        for denied in (False, True)
    ]
    said = [say(one, language) for one in opinions]
    assert len(set(said)) == len(said)
    assert all(text[0].isupper() and "{" not in text and "  " not in text for text in said)
    assert [worth_read(text, language) for text in said] == [one.worth for one in opinions]


@pytest.mark.parametrize("difficulty", ["mini", "medium", "full"])
def test_the_stars_are_those_a_reader_of_the_words_gives(difficulty):
    world = World(3, difficulty)
    for split in SPLITS:
        reviews = world.reviews(split, 100)
        for language in LANGUAGES:
            texts = [reading(review, language) for review in reviews]
            assert [stars_read(body, title, language) for body, title, _ in texts] == [one.stars for one in reviews]


def test_the_rule_at_its_bounds():
    assert [stars(worth) for worth in range(-6, 7)] == [1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5]
    praise = Opinion("radio", "good", "strong", False)
    fault = Opinion("design", "old_fashioned", "weak", True)
    assert (praise.worth, fault.worth, Review(praise, (fault,)).stars) == (3, 1, 4)
    assert [Opinion("radio", "bad", degree, False).worth for degree in DEGREES] == [-1, -2, -3]


@pytest.mark.parametrize("seed", SEEDS)
def test_five_in_a_row_are_of_the_same_things_to_the_same_degrees_and_have_all_stars(seed):
    world = World(seed)
    for split in SPLITS:
        reviews = world.reviews(split, 250)
        assert len(set(reviews)) == 250
        for at in range(0, 250, 5):
            five = reviews[at : at + 5]
            assert sorted(review.stars for review in five) == [1, 2, 3, 4, 5]
            assert len({tuple((o.subject, SCALE[o.quality], o.degree) for o in (x.title, *x.body)) for x in five}) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_no_single_word_decides(seed):
    train, dev = ([(words(one), one.stars) for one in World(seed).reviews(split, 3000)] for split in ("train", "dev"))
    seen = defaultdict(Counter)
    for said, number in train:
        for word in said:
            seen[word][number] += 1
    commonest = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
    for word, counts in seen.items():
        assert counts[commonest[word]] < 0.45 * counts.total(), word
    right = Counter(word for said, number in dev for word in said if commonest.get(word) == number)
    there = Counter(word for said, _ in dev for word in said)
    assert all(right[word] < 0.45 * count for word, count in there.items() if count > 100)
    denials = Counter(number for said, number in train if "not" in said)
    assert all(0.17 < count / denials.total() < 0.23 for count in denials.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_combinations_belong_to_one_split_and_so_do_sentences(seed):
    found = {split: World(seed, "full").reviews(split, 1500) for split in SPLITS}
    owned = {split: set().union(*map(cells, reviews)) for split, reviews in found.items()}
    everything = {(one, scale) for subjects in (THINGS, SIDES) for one, own in subjects.items() for scale in own}
    assert sum(map(len, owned.values())) == len(set().union(*owned.values())) == len(everything)
    for split, share in zip(SPLITS, SHARES, strict=True):
        for subjects in (THINGS, SIDES):
            own = [cell for cell in owned[split] if cell[0] in subjects]
            whole = sum(map(len, subjects.values()))
            assert abs(len(own) / whole - share) <= TOLERANCE
    assert {part for cell in owned["train"] for part in cell} == {*THINGS, *SIDES, *SCALES}
    for language in LANGUAGES:
        sentences = [
            {say(one, language) for review in reviews for one in (review.title, *review.body)}
            for reviews in found.values()
        ]
        assert sum(map(len, sentences)) == len(set().union(*sentences))


@pytest.mark.parametrize(("difficulty", "sides"), [("mini", 2), ("medium", 3), ("full", 4)])
def test_a_harder_difficulty_says_more(difficulty, sides):
    for review in World(0, difficulty).reviews("dev", 50):
        assert len({one.subject for one in review.body}) == len(review.body) == sides
        assert review.title.subject in CATEGORIES


def test_the_same_seed_gives_the_same_rows_and_a_prefix_is_a_prefix():
    assert World(1).reviews("dev", 60)[:20] == World(1).reviews("dev", 20)
    assert World(1).reviews("dev", 20) != World(2).reviews("dev", 20)
    with pytest.raises(ValueError, match="Unknown split 'tset'"):
        World().reviews("tset", 5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_have_all_words_and_every_adjective_agrees(language):
    words = table("opinions", language)
    assert set(words["subjects"]) == {*THINGS, *SIDES}
    assert set(words["qualities"]) == {quality for both in SCALES.values() for quality in both}
    assert set(words["categories"]) == set(CATEGORIES.values())
    kinds = {subject.get("agrees") for subject in words["subjects"].values()}
    agreeing = [set(forms) for forms in words["qualities"].values() if not isinstance(forms, str)]
    assert all(forms == kinds for forms in agreeing)


GENDERS = {
    "fr": {"le": "m", "la": "f"},
    "es": {"el": "m", "la": "f"},
}


@pytest.mark.parametrize("language", GENDERS)
def test_genders_are_those_of_the_articles(language):
    for subject in table("opinions", language)["subjects"].values():
        article = subject["name"].split()[0]
        assert GENDERS[language].get(article, subject["agrees"]) == subject["agrees"]


AGREEING = {
    "en": ("The phone is very good", "The website is not pleasant at all"),
    "fr": ("Le téléphone est très bon", "Le site web n'est pas du tout agréable"),
    "es": ("El teléfono es muy bueno", "La página web no es nada agradable"),
    "de": ("Das Telefon ist sehr gut", "Die Webseite ist überhaupt nicht angenehm"),
    "tr": ("Telefon çok iyi", "İnternet sitesi hiç hoş değil"),
    "sw": ("Simu ni nzuri sana", "Tovuti si ya kupendeza hata kidogo"),
}


@pytest.mark.parametrize("language", AGREEING)
def test_two_opinions_word_for_word(language):
    opinions = Opinion("phone", "good", "strong", False), Opinion("website", "pleasant", "strong", True)
    assert tuple(say(one, language) for one in opinions) == AGREEING[language]


SHOWN = Review(
    Opinion("tent", "good", "strong", False),
    (
        Opinion("delivery", "slow", "weak", False),
        Opinion("packaging", "complicated", "weak", True),
        Opinion("repair", "expensive", "plain", True),
        Opinion("design", "old_fashioned", "strong", True),
    ),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_the_language_shows_what_is_said(language):
    body, title, category = reading(SHOWN, language)
    lines = (PAGES / f"{language}.md").read_text(encoding="utf-8").splitlines()
    assert " ".join(line[2:] for line in lines if line.startswith("> ")) == f"**{title}** ({category}) {body}"


def test_mixed_text_speaks_of_opinions_where_that_is_asked_for():
    world = World(0)
    plain, more = world.mixed("train", 9), world.mixed("train", 12, opinions=True)
    assert [one for at, one in enumerate(more) if at % 4 < 3] == plain
    assert all(isinstance(one, Review) for one in more[3::4])
    alone = world.mixed("train", 6, named=False, opinions=True)
    assert (alone[::2], alone[1::2]) == (world.meanings("train", 3), more[3::4])
    for language in LANGUAGES:
        text = world.mixed_text(more, language)[3]
        body, title, _ = reading(more[3], language)
        assert text == f"{title}. {body}"
    assert len({world.fingerprint_with("opinions"), world.fingerprint_with("events"), world.fingerprint}) == 3


def test_no_part_of_a_review_is_enough_and_neither_are_words_apart():
    spec = importlib.util.spec_from_file_location("world_balance", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    world = World(0)
    train, dev = (benchmark.reviews(world, split, rows, "en") for split, rows in (("train", 1500), ("dev", 500)))
    found = benchmark.review_shortcuts(train, dev)
    words = [found[f"{part}, single words"] for part in ("body only", "title only", "both")]
    assert all(0.2 < score < 0.5 for score in words)
    assert found["title only, up to three"] < 0.45 and found["body only, up to three"] < 0.6
    assert found["both, up to three"] > 0.6  # what there is to learn

"""Stories and questions: one answer, where it stands in six languages, and several candidates."""

from collections import Counter

import pytest

from polydistill.world.corpora import World
from polydistill.world.grammar import available_languages
from polydistill.world.mentions import Names
from polydistill.world.stories import ASKS, LENGTHS, PARTS, TIMES, VERBS, Fact, StoryQuestion, read, tell
from polydistill.world.tables import table

STORY = (
    Fact(("Clara", "Keller"), "sing", ("berlin",), "monday"),
    Fact(("Clara", "Keller"), "wait", ("ankara",), "may", time_first=True),
    Fact(("Murat",), "sing", ("kenya",), "june"),
)
every_language = pytest.mark.parametrize("language", available_languages())


@pytest.fixture(scope="module")
def asked():
    return World().story_questions("train", 300)


def test_a_question_has_one_answer_and_no_word_of_it_alone_tells(asked):
    for one in asked:
        assert len(one.answers) == 1
        shared = Counter(len(fact.shares(other)) for fact in one.story for other in one.story if fact is not other)
        assert set(shared) <= {0, 1}
        linked = [sum(bool(fact.shares(other)) for other in one.story if other is not fact) for fact in one.story]
        assert max(linked) == len(one.story) - 1 and min(linked) >= 1


def test_each_three_share_a_story_of_which_all_is_asked_for(asked):
    for three in zip(asked[::3], asked[1::3], asked[2::3], strict=True):
        assert len({one.story for one in three}) == 1 and {one.asks for one in three} == set(ASKS)
    assert {len(one.story) for one in asked} == set(LENGTHS)


def test_where_the_fact_stands_does_not_tell(asked):
    for length in LENGTHS:
        some = [one.about for one in asked if len(one.story) == length]
        assert set(some) == set(range(length))


@every_language
def test_the_answer_is_a_part_of_its_sentence_and_the_question_names_the_rest(asked, language):
    for one in asked[:90]:
        reading = read(one, language)
        assert reading.context[slice(*reading.answer)] == reading.text and reading.answer in reading.candidates
        assert len(reading.candidates) == len(one.story)
        sentences = reading.context.split(". ")
        assert len(sentences) == len(one.story) and reading.text in sentences[one.about]
        assert not set("[]{}") & set(reading.question + reading.context)
        fact, words = one.story[one.about], table("days", language)
        assert words["verbs"][fact.verb] in reading.question and words["verbs"][fact.verb] in sentences[one.about]
        assert reading.text.lower() not in reading.question.lower() or one.asks == "who"
        assert tell(one, language) == f"{reading.context} {reading.question}"


@pytest.mark.parametrize(
    ("language", "questions", "answers", "context"),
    [
        (
            "en",
            (
                "Who is waiting in Ankara in May?",
                "Where is Clara Keller waiting in May?",
                "When is Clara Keller waiting in Ankara?",
            ),
            ("Clara Keller", "Ankara", "May"),
            (
                "Clara Keller is singing in Berlin on Monday.",
                "In May Clara Keller is waiting in Ankara.",
                "Murat is singing in Kenya in June.",
            ),
        ),
        (
            "de",
            ("Wer wartet im Mai in Ankara?", "Wo wartet Clara Keller im Mai?", "Wann wartet Clara Keller in Ankara?"),
            ("Clara Keller", "Ankara", "Mai"),
            (
                "Clara Keller singt am Montag in Berlin.",
                "Im Mai wartet Clara Keller in Ankara.",
                "Murat singt im Juni in Kenia.",
            ),
        ),
        (
            "es",
            (
                "¿Quién espera en Ankara en mayo?",
                "¿Dónde espera Clara Keller en mayo?",
                "¿Cuándo espera Clara Keller en Ankara?",
            ),
            ("Clara Keller", "Ankara", "mayo"),
            (
                "Clara Keller canta en Berlín el lunes.",
                "En mayo Clara Keller espera en Ankara.",
                "Murat canta en Kenia en junio.",
            ),
        ),
        (
            "fr",
            ("Qui attend à Ankara en mai ?", "Où attend Clara Keller en mai ?", "Quand attend Clara Keller à Ankara ?"),
            ("Clara Keller", "Ankara", "mai"),
            (
                "Clara Keller chante à Berlin lundi.",
                "En mai Clara Keller attend à Ankara.",
                "Murat chante au Kenya en juin.",
            ),
        ),
        (
            "tr",
            (
                "Mayıs ayında Ankara'da kim bekliyor?",
                "Clara Keller mayıs ayında nerede bekliyor?",
                "Clara Keller Ankara'da ne zaman bekliyor?",
            ),
            ("Clara Keller", "Ankara'da", "Mayıs"),
            (
                "Clara Keller pazartesi günü Berlin'de şarkı söylüyor.",
                "Mayıs ayında Clara Keller Ankara'da bekliyor.",
                "Murat haziran ayında Kenya'da şarkı söylüyor.",
            ),
        ),
        (
            "sw",
            (
                "Nani anasubiri huko Ankara mwezi wa Mei?",
                "Clara Keller anasubiri wapi mwezi wa Mei?",
                "Clara Keller anasubiri huko Ankara lini?",
            ),
            ("Clara Keller", "Ankara", "Mei"),
            (
                "Clara Keller anaimba huko Berlin siku ya Jumatatu.",
                "Mwezi wa Mei Clara Keller anasubiri huko Ankara.",
                "Murat anaimba huko Kenya mwezi wa Juni.",
            ),
        ),
    ],
)
def test_a_story_in_each_language(language, questions, answers, context):
    readings = [read(StoryQuestion(STORY, asks, 1), language) for asks in ASKS]
    assert tuple(one.question for one in readings) == questions
    assert tuple(one.text for one in readings) == answers
    assert {one.context for one in readings} == {" ".join(context)}


def test_a_question_that_fits_two_facts_has_two_answers():
    twice = (STORY[0], Fact(STORY[0].person, "sing", ("rome",), "monday"))
    assert StoryQuestion(twice, "where", 0).answers == {("berlin",), ("rome",)}


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_story_of_dev_or_test_has_a_name_that_train_never_shows(split):
    own = Names(0, split).own
    for one in World().story_questions(split, 60):
        assert own & {word for fact in one.story for name in (fact.person, fact.place) for word in name}


@every_language
def test_the_tables_have_a_form_for_everything(language):
    words = table("days", language)
    assert set(words["verbs"]) == set(VERBS) and set(words["times"]) == set(TIMES)
    assert all(form.count("[") == form.count("]") == 1 for form in words["times"].values())
    for parts, asked in (("told", ("plain", "time_first")), ("asked", tuple(ASKS))):
        assert set(words[parts]) == set(asked)
    assert all(words["told"][way].count("{") == len(PARTS) for way in words["told"])
    assert all(f"{{{part}}}" not in words["asked"][asks] for asks, part in ASKS.items())


def test_stories_are_text_to_learn_from_where_they_are_asked_for():
    world = World()
    assert [len(world.mixed("train", 8, told=True, named=named)) for named in (True, False)] == [8, 8]
    plain, story = world.mixed_text(world.mixed("train", 2, named=False, told=True), "en")
    assert plain.count("?") == 0 and story.endswith("?")
    assert world.mixed("train", 9) == World().mixed("train", 9)

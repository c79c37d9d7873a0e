"""Tagged sentences: the same entities in every language, in the same sentence, with names that train never shows."""

import pytest

from polydistill.world.corpora import World
from polydistill.world.meaning import Meaning
from polydistill.world.mentions import _LISTS, FRAMES, KINDS, Names, Statement, tag, untokenized
from polydistill.world.splits import SPLITS

PLAIN = [
    Statement("live", (("person", ("Emil", "Kaya")), ("place", ("kenya",)))),
    Statement("travel", (("person", ("Alice",)), ("place", ("turkey",))), "today"),
    Statement("leave", (("person", ("Juma",)), ("organisation", ("bank", "istanbul")))),
    Statement("open", (("organisation", ("university", "nairobi")), ("place", ("izmir",)))),
    Statement("work", (("person", ("Elif",)), ("organisation", ("company", "Veltis")))),
    Statement("train", (("place", ("athens",)), ("goal", ("france",)))),
    Statement("meet", (("person", ("Marta",)), ("other", ("Hugo",)), ("place", ("germany",))), "evening"),
]
SAID = {
    "en": [
        "[PER Emil Kaya] lives in [LOC Kenya] .",
        "[PER Alice] is travelling to [LOC Turkey] today .",
        "[PER Juma] is leaving the [ORG Bank of Istanbul] .",
        "The [ORG University of Nairobi] is opening an office in [LOC Izmir] .",
        "[PER Elif] works at [ORG Veltis] .",
        "The train from [LOC Athens] to [LOC France] is late .",
        "[PER Marta] and [PER Hugo] are meeting in [LOC Germany] in the evening .",
    ],
    "fr": [
        "[PER Emil Kaya] habite au [LOC Kenya] .",
        "[PER Alice] va en [LOC Turquie] aujourd'hui .",
        "[PER Juma] quitte la [ORG Banque d' Istanbul] .",
        "L' [ORG Université de Nairobi] ouvre un bureau à [LOC Izmir] .",
        "[PER Elif] travaille chez [ORG Veltis] .",
        "Le train d' [LOC Athènes] en [LOC France] est en retard .",
        "[PER Marta] et [PER Hugo] se rencontrent en [LOC Allemagne] le soir .",
    ],
    "es": [
        "[PER Emil Kaya] vive en [LOC Kenia] .",
        "[PER Alice] viaja a [LOC Turquía] hoy .",
        "[PER Juma] deja el [ORG Banco de Estambul] .",
        "La [ORG Universidad de Nairobi] abre una oficina en [LOC Esmirna] .",
        "[PER Elif] trabaja en [ORG Veltis] .",
        "El tren de [LOC Atenas] a [LOC Francia] llega tarde .",
        "[PER Marta] y [PER Hugo] se encuentran en [LOC Alemania] al atardecer .",
    ],
    "de": [
        "[PER Emil Kaya] wohnt in [LOC Kenia] .",
        "[PER Alice] reist heute in die [LOC Türkei] .",
        "[PER Juma] verlässt die [ORG Bank von Istanbul] .",
        "Die [ORG Universität Nairobi] eröffnet ein Büro in [LOC Izmir] .",
        "[PER Elif] arbeitet bei [ORG Veltis] .",
        "Der Zug aus [LOC Athen] nach [LOC Frankreich] kommt zu spät .",
        "[PER Marta] und [PER Hugo] treffen sich am Abend in [LOC Deutschland] .",
    ],
    "tr": [
        "[PER Emil Kaya] [LOC Kenya'da] yaşıyor .",
        "[PER Alice] bugün [LOC Türkiye'ye] gidiyor .",
        "[PER Juma] [ORG İstanbul Bankası'ndan] ayrılıyor .",
        "[ORG Nairobi Üniversitesi] [LOC İzmir'de] bir ofis açıyor .",
        "[PER Elif] [ORG Veltis'te] çalışıyor .",
        "[LOC Atina'dan] [LOC Fransa'ya] giden tren gecikiyor .",
        "[PER Marta] ile [PER Hugo] akşam [LOC Almanya'da] buluşuyor .",
    ],
    "sw": [
        "[PER Emil Kaya] anaishi huko [LOC Kenya] .",
        "[PER Alice] anasafiri kwenda [LOC Uturuki] leo .",
        "[PER Juma] anaondoka katika [ORG Benki ya Istanbul] .",
        "[ORG Chuo Kikuu cha Nairobi] kinafungua ofisi huko [LOC Izmir] .",
        "[PER Elif] anafanya kazi katika [ORG Veltis] .",
        "Treni kutoka [LOC Athens] kwenda [LOC Ufaransa] inachelewa .",
        "[PER Marta] na [PER Hugo] wanakutana huko [LOC Ujerumani] jioni .",
    ],
}
LANGUAGES = tuple(SAID)


def bracketed(words, tags):
    """The sentence with its entities in brackets."""
    shown = []
    for at, (word, said) in enumerate(zip(words, tags, strict=True)):
        ends = said != "O" and (at + 1 == len(tags) or not tags[at + 1].startswith("I-"))
        shown.append((f"[{said[2:]} " if said.startswith("B-") else "") + word + ("]" if ends else ""))
    return " ".join(shown)


def entities(tags):
    return sorted(said[2:] for said in tags if said.startswith("B-"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_of_every_frame(language):
    assert [bracketed(*tag(one, language)) for one in PLAIN] == SAID[language]


@pytest.mark.parametrize("difficulty", ["mini", "full"])
def test_rows_say_the_same_in_every_language_and_are_tagged_throughout(difficulty):
    world = World(3, difficulty)
    mentions = world.mentions("test", 300)
    said = {language: world.tagged(mentions, language) for language in LANGUAGES}
    for at, mention in enumerate(mentions):
        rows = [said[language][at] for language in LANGUAGES]
        assert all(len(words) == len(tags) and words[-1] == "." and tags[-1] == "O" for words, tags in rows)
        assert all(word and not set(word) & set("[]{}") for words, _ in rows for word in words)
        assert len({tuple(entities(tags)) for _, tags in rows}) == 1
        if isinstance(mention, Statement):
            assert entities(rows[0][1]) == sorted(KINDS[role] for role in FRAMES[mention.frame])
            # an inside tag follows its own kind
        for _, tags in rows:
            for before, own in zip(["O", *tags], tags, strict=False):
                assert not own.startswith("I-") or before[2:] == own[2:]


def test_every_fifth_sentence_is_a_meaning_of_the_world():
    mentions = World(0, "medium").mentions("dev", 200)
    assert [isinstance(one, Meaning) for one in mentions] == [False, False, False, False, True] * 40
    assert any("B-PER" in tag(one, "tr")[1] for one in mentions if isinstance(one, Meaning))


def test_the_same_seed_gives_the_same_rows_and_a_prefix_is_a_prefix():
    world = World(4)
    assert world.mentions("train", 100)[:30] == World(4).mentions("train", 30)
    assert world.mentions("train", 30) != World(5).mentions("train", 30)


@pytest.mark.parametrize("seed", range(4))
def test_dev_and_test_have_names_that_only_they_show(seed):
    used = {}
    for split in SPLITS:
        statements = [one for one in World(seed).mentions(split, 500) if isinstance(one, Statement)]
        used[split] = [{part for _, name in one.names for part in name} for one in statements]
        assert len(set(statements)) == len(statements)
    own = {split: Names(seed, split).own for split in SPLITS}
    assert not own["train"] and own["dev"] and own["test"] and not own["dev"] & own["test"]
    for split, others in (("train", ("dev", "test")), ("dev", ("test",)), ("test", ("dev",))):
        assert not set.union(*used[split]) & set.union(*(own[other] for other in others))
    assert all(names & own[split] for split in ("dev", "test") for names in used[split])
    # of every kind of name there are some that train lacks
    assert all(set(names) & (own["dev"] | own["test"]) for names in _LISTS)


def test_running_text_has_no_loose_spaces():
    assert untokenized(["L'", "Université", "d'", "Izmir", "ouvre", "."]) == "L'Université d'Izmir ouvre."
    assert untokenized(["Ankara'da", "yaşıyor", "."]) == "Ankara'da yaşıyor."


def test_more_sentences_than_there_are():
    with pytest.raises(ValueError, match=r"tagged sentences in its dev split, not 1000000. Ask for at most"):
        World().mentions("dev", 10**6)

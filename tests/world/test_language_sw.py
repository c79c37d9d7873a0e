"""Swahili: sentences chosen so that each construction of the grammar is heard, and the agreement in the table.

That every allowed clause can be said, and no two alike, is tested for all languages in `test_grammar.py`.
"""

from collections.abc import Mapping

import pytest

from polydistill.world.concepts import NOUNS, VERBS
from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier

GOLDEN = [
    # quantifiers
    (EVERY, "dog", Predicate("run"), False, "Kila mbwa anakimbia."),
    (SOME, "dog", Predicate("run"), False, "Baadhi ya mbwa wanakimbia."),
    (NO, "dog", Predicate("run"), False, "Hakuna mbwa anayekimbia."),
    (TWO, "dog", Predicate("run"), False, "Mbwa wawili wanakimbia."),
    (THREE, "child", Predicate("dance"), False, "Watoto watatu wanacheza dansi."),
    (NAMED, "anna", Predicate("sing"), False, "Anna anaimba."),
    # "wa kike", "wa kiume" follow the numeral
    (SOME, "girl", Predicate("sing"), False, "Baadhi ya watoto wa kike wanaimba."),
    (NO, "boy", Predicate("jump"), False, "Hakuna mtoto wa kiume anayerukaruka."),
    (THREE, "boy", Predicate("jump", manner="quietly"), True, "Watoto watatu wa kiume hawarukiruki kimyakimya."),
    # people and animals agree as such, whatever the class of the noun
    (SOME, "doctor", Predicate("speak"), False, "Baadhi ya madaktari wanazungumza."),
    (EVERY, "bird", Predicate("sleep", None, "forest"), False, "Kila ndege analala msituni."),
    # negation
    (SOME, "dog", Predicate("run"), True, "Baadhi ya mbwa hawakimbii."),
    (TWO, "man", Predicate("rest"), True, "Wanaume wawili hawapumziki."),
    (NAMED, "david", Predicate("stand_up"), True, "Daudi hainuki."),
    (NAMED, "leila", Predicate("whisper", manner="quickly"), True, "Leila hanong'oni haraka."),
    # animals play, people play a game
    (SOME, "cat", Predicate("play"), True, "Baadhi ya paka hawachezi."),
    (EVERY, "child", Predicate("play", None, "garden"), False, "Kila mtoto anacheza mchezo bustanini."),
    # people halt, vehicles stop
    (TWO, "person", Predicate("stop", None, "market"), False, "Watu wawili wanasitisha mwendo sokoni."),
    (NAMED, "omar", Predicate("stop", manner="slowly"), True, "Omari hasitishi mwendo polepole."),
    # classes 5/6, 7/8, 9/10: vehicles
    (EVERY, "car", Predicate("stop", None, "street"), False, "Kila gari linasimama barabarani."),
    (TWO, "car", Predicate("stop"), False, "Magari mawili yanasimama."),
    (THREE, "truck", Predicate("depart"), True, "Malori matatu hayaondoki."),
    (NO, "bus", Predicate("arrive", None, "village"), False, "Hakuna basi linalofika kijijini."),
    (EVERY, "train", Predicate("arrive", time="noon"), False, "Kila treni inafika adhuhuri."),
    (TWO, "train", Predicate("move"), True, "Treni mbili hazisogei."),
    (NO, "train", Predicate("wait"), False, "Hakuna treni inayosubiri."),
    (EVERY, "vehicle", Predicate("turn"), False, "Kila chombo cha usafiri kinakata kona."),
    (TWO, "vehicle", Predicate("move"), False, "Vyombo viwili vya usafiri vinasogea."),
    (SOME, "vehicle", Predicate("turn"), True, "Baadhi ya vyombo vya usafiri havikati kona."),
    (NO, "vehicle", Predicate("depart"), False, "Hakuna chombo cha usafiri kinachoondoka."),
    # classes 3/4, 5/6: plants
    (EVERY, "tree", Predicate("grow", manner="slowly"), False, "Kila mti unakua polepole."),
    (TWO, "tree", Predicate("bloom"), False, "Miti miwili inachanua."),
    (SOME, "palm", Predicate("wither"), True, "Baadhi ya minazi hainyauki."),
    (NO, "oak", Predicate("grow"), False, "Hakuna mwaloni unaokua."),
    (THREE, "flower", Predicate("bloom", time="today"), True, "Maua matatu hayachanui leo."),
    (NO, "rose", Predicate("wither", None, "garden"), False, "Hakuna waridi linalonyauka bustanini."),
    # one sings "in a low voice"
    (EVERY, "bird", Predicate("eat", "fish", manner="quietly"), False, "Kila ndege anakula samaki kimyakimya."),
    (TWO, "doctor", Predicate("sing", manner="quietly"), True, "Madaktari wawili hawaimbi kwa sauti ya chini."),
    (NO, "man", Predicate("sing", manner="slowly"), False, "Hakuna mwanamume anayeimba polepole."),
    # the time is last, but opens the sentence where one could be waiting for it
    (EVERY, "child", Predicate("sleep", None, "house", "night"), False, "Kila mtoto analala nyumbani usiku."),
    (NO, "person", Predicate("wait", None, "market", "evening"), False, "Jioni hakuna mtu anayesubiri sokoni."),
    (NAMED, "anna", Predicate("wait", time="noon", manner="alone"), True, "Adhuhuri Anna hasubiri peke yake."),
    # objects; the verbs of one syllable
    (NAMED, "omar", Predicate("eat", "apple"), False, "Omari anakula tufaha."),
    (NAMED, "omar", Predicate("eat", "fruit"), True, "Omari hali tunda."),
    (SOME, "hen", Predicate("drink", "water"), True, "Baadhi ya kuku hawanywi maji."),
    (NO, "cat", Predicate("drink", "milk"), False, "Hakuna paka anayekunywa maziwa."),
    (TWO, "woman", Predicate("buy", "bread", "market"), False, "Wanawake wawili wananunua mkate sokoni."),
    (TWO, "woman", Predicate("buy", None, "market"), False, "Wanawake wawili wananunua kitu sokoni."),
    # "alone" agrees too; after an object it is a clause at the end
    (NAMED, "anna", Predicate("eat", "apple", manner="alone"), False, "Anna anakula tufaha akiwa peke yake."),
    (
        TWO,
        "boy",
        Predicate("walk", None, "park", "night", "alone"),
        True,
        "Watoto wawili wa kiume hawatembei peke yao mbugani usiku.",
    ),
    (EVERY, "bus", Predicate("wait", manner="alone"), False, "Kila basi linasubiri peke yake."),
    (TWO, "truck", Predicate("arrive", time="night", manner="alone"), False, "Malori mawili yanafika peke yake usiku."),
    (NO, "dog", Predicate("rest", manner="alone"), False, "Hakuna mbwa anayepumzika peke yake."),
    # all details
    (
        NO,
        "person",
        Predicate("cook", "fish", "kitchen", "morning", "quietly"),
        False,
        "Hakuna mtu anayepika samaki kimyakimya jikoni asubuhi.",
    ),
    (
        THREE,
        "teacher",
        Predicate("read", "book", "house", "evening", "alone"),
        True,
        "Walimu watatu hawasomi kitabu nyumbani jioni wakiwa peke yao.",
    ),
]

PREFIXES = ("a", "wa", "u", "i", "li", "ya", "ki", "vi", "zi")
LIVING = {"a", "wa"}
NEGATIVE = {prefix: "ha" if prefix == "a" else f"ha{prefix}" for prefix in PREFIXES}
RELATIVE = {"a": "ye", "u": "o", "li": "lo", "ki": "cho", "i": "yo"}
NUMERALS = {
    "wa": "wawili watatu",
    "i": "miwili mitatu",
    "ya": "mawili matatu",
    "vi": "viwili vitatu",
    "zi": "mbili tatu",
}
PLURAL_OF = {"a": "wa", "u": "i", "li": "ya", "ki": "vi", "i": "zi"}


@pytest.mark.parametrize(("quantifier", "noun", "predicate", "negated", "sentence"), GOLDEN)
def test_golden(quantifier: Quantifier, noun: str, predicate: Predicate, negated: bool, sentence: str) -> None:
    clause = Clause(Subject(quantifier, noun), predicate, negated)
    assert grammar("sw").sentence(Meaning((clause,))) == sentence


def test_conjunction() -> None:
    two_dogs = Clause(Subject(TWO, "dog"), Predicate("swim"))
    no_train = Clause(Subject(NO, "train"), Predicate("arrive"))
    sentence = grammar("sw").sentence(Meaning((two_dogs, no_train)))
    assert sentence == "Mbwa wawili wanaogelea na hakuna treni inayofika."


@pytest.mark.parametrize("noun", NOUNS)
def test_numerals_agree_with_the_noun_class(noun: str) -> None:
    forms = grammar("sw").table["nouns"][noun]
    assert forms["many"] == PLURAL_OF[forms["one"]]
    head, *rest = forms["pl"].split()
    for counted, numeral in zip((forms["two"], forms["three"]), NUMERALS[forms["many"]].split(), strict=True):
        assert counted == " ".join((head, numeral, *rest))


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_agree_with_every_noun_class_that_they_meet(verb: str) -> None:
    nouns = [grammar("sw").table["nouns"][noun.id] for noun in NOUNS.values() if noun.sort in VERBS[verb].sorts]
    singular, plural = {noun["one"] for noun in nouns}, {noun["many"] for noun in nouns}
    entry = grammar("sw").table["verbs"][verb]
    for forms in (entry, *(entry[variant] for variant in ("bare", "animal") if variant in entry)):
        assert_begins(forms["positive"], {prefix: f"{prefix}na" for prefix in singular | plural})
        assert_begins(forms["negative"], {prefix: NEGATIVE[prefix] for prefix in singular | plural})
        assert_begins(forms["relative"], {prefix: f"{prefix}na{RELATIVE[prefix]}" for prefix in singular})


def assert_begins(forms: Mapping[str, str], beginnings: Mapping[str, str]) -> None:
    """Each form begins as its class asks; what follows is the same for the living, and for all else."""
    assert set(forms) == set(beginnings)
    assert all(forms[prefix].startswith(beginning) for prefix, beginning in beginnings.items())
    for group in (LIVING, set(PREFIXES) - LIVING):
        assert len({forms[prefix].removeprefix(beginnings[prefix]) for prefix in group & set(forms)}) <= 1

"""Turkish: sentences chosen so that each construction of the grammar is heard.

That every allowed clause can be said, and no two alike, is tested for all languages in `test_grammar.py`.
"""

import pytest

from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier

GOLDEN = [
    # quantifiers: the noun is plural only after "bazı", the verb never
    (EVERY, "dog", Predicate("run"), False, "Her köpek koşuyor."),
    (SOME, "dog", Predicate("run"), False, "Bazı köpekler koşuyor."),
    (NO, "dog", Predicate("run"), False, "Hiçbir köpek koşmuyor."),
    (TWO, "dog", Predicate("run"), False, "İki köpek koşuyor."),
    (THREE, "horse", Predicate("swim"), False, "Üç at yüzüyor."),
    (NAMED, "anna", Predicate("dance"), False, "Anna dans ediyor."),
    (SOME, "girl", Predicate("jump"), False, "Bazı kız çocukları zıplıyor."),
    (NO, "boy", Predicate("sing"), False, "Hiçbir erkek çocuk şarkı söylemiyor."),
    # people: pronouns for all and none, and a noun of their own after numerals
    (EVERY, "person", Predicate("wait"), False, "Herkes bekliyor."),
    (SOME, "person", Predicate("shout"), True, "Bazı insanlar bağırmıyor."),
    (NO, "person", Predicate("swim", None, "city"), False, "Hiç kimse şehirde yüzmüyor."),
    (TWO, "person", Predicate("sing"), False, "İki kişi şarkı söylüyor."),
    (THREE, "person", Predicate("move"), True, "Üç kişi hareket etmiyor."),
    # negation
    (SOME, "dog", Predicate("run"), True, "Bazı köpekler koşmuyor."),
    (TWO, "lion", Predicate("sleep"), True, "İki aslan uyumuyor."),
    (THREE, "bus", Predicate("move"), True, "Üç otobüs hareket etmiyor."),
    (NAMED, "leila", Predicate("stand_up"), True, "Leyla ayağa kalkmıyor."),
    (NAMED, "omar", Predicate("whisper", manner="quickly"), True, "Ömer hızla fısıldamıyor."),
    (SOME, "goat", Predicate("doze", None, "garden"), True, "Bazı keçiler bahçede uyuklamıyor."),
    # objects are bare
    (NAMED, "omar", Predicate("eat", "apple"), False, "Ömer elma yiyor."),
    (NAMED, "omar", Predicate("eat", "apple"), True, "Ömer elma yemiyor."),
    (EVERY, "hen", Predicate("drink", "water"), False, "Her tavuk su içiyor."),
    (NO, "cat", Predicate("drink", "milk"), False, "Hiçbir kedi süt içmiyor."),
    (TWO, "woman", Predicate("buy", "bread", "market"), False, "İki kadın çarşıda ekmek satın alıyor."),
    (SOME, "man", Predicate("read", "newspaper", "house"), True, "Bazı adamlar evde gazete okumuyor."),
    # without an object: "something", "anything"
    (EVERY, "duck", Predicate("eat"), False, "Her ördek bir şeyler yiyor."),
    (NO, "person", Predicate("drink"), False, "Hiç kimse bir şey içmiyor."),
    (NAMED, "anna", Predicate("read"), True, "Anna bir şey okumuyor."),
    (THREE, "farmer", Predicate("buy"), False, "Üç çiftçi bir şeyler satın alıyor."),
    (NAMED, "david", Predicate("cook", None, "kitchen"), False, "David mutfakta bir şeyler pişiriyor."),
    # cases of the place
    (EVERY, "bird", Predicate("wait", None, "forest"), False, "Her kuş ormanda bekliyor."),
    (EVERY, "doctor", Predicate("arrive", None, "city", "today"), False, "Her doktor bugün şehre varıyor."),
    (NO, "train", Predicate("arrive", None, "village", "night"), False, "Hiçbir tren gece köye varmıyor."),
    (TWO, "truck", Predicate("depart", None, "village", "noon"), False, "İki kamyon öğleyin köyden yola çıkıyor."),
    (SOME, "car", Predicate("turn", None, "street"), False, "Bazı arabalar sokakta dönüş yapıyor."),
    (NAMED, "leila", Predicate("arrive", None, "park", manner="slowly"), False, "Leyla yavaşça parka varıyor."),
    (EVERY, "bus", Predicate("arrive", time="noon"), False, "Her otobüs öğleyin varıyor."),
    (NAMED, "david", Predicate("stop", None, "street"), False, "David sokakta duraklıyor."),
    (THREE, "car", Predicate("stop", manner="slowly"), True, "Üç araba yavaşça duraklamıyor."),
    # plants: flowers "açıyor", all else "çiçek açıyor"
    (EVERY, "palm", Predicate("bloom", None, "park"), False, "Her palmiye parkta çiçek açıyor."),
    (THREE, "tree", Predicate("bloom"), True, "Üç ağaç çiçek açmıyor."),
    (SOME, "rose", Predicate("bloom", None, "garden"), False, "Bazı güller bahçede açıyor."),
    (NO, "flower", Predicate("bloom"), False, "Hiçbir çiçek açmıyor."),
    (TWO, "lily", Predicate("wither", manner="slowly"), False, "İki zambak yavaşça kuruyor."),
    # all details
    (
        NO,
        "child",
        Predicate("eat", "fruit", "garden", "morning", "quietly"),
        False,
        "Hiçbir çocuk sabah bahçede sessizce meyve yemiyor.",
    ),
    (
        THREE,
        "teacher",
        Predicate("read", "book", "park", "evening", "alone"),
        True,
        "Üç öğretmen akşam parkta tek başına kitap okumuyor.",
    ),
]


@pytest.mark.parametrize(("quantifier", "noun", "predicate", "negated", "sentence"), GOLDEN)
def test_golden(quantifier: Quantifier, noun: str, predicate: Predicate, negated: bool, sentence: str) -> None:
    clause = Clause(Subject(quantifier, noun), predicate, negated)
    assert grammar("tr").sentence(Meaning((clause,))) == sentence


def test_conjunction() -> None:
    two_dogs = Clause(Subject(TWO, "dog"), Predicate("play"))
    omar = Clause(Subject(NAMED, "omar"), Predicate("shout"), negated=True)
    assert grammar("tr").sentence(Meaning((two_dogs, omar))) == "İki köpek oyun oynuyor ve Ömer bağırmıyor."

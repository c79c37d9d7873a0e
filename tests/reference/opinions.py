"""The stars of a review read off its words in six languages: no table, meaning or rule of the mini-world is used."""

import re

# what denies, "very", "fairly", "at all", words of praise, words that find fault
WORDS = {
    "en": (
        *("not", "very", "fairly", "at all"),
        "good|solid|affordable|pleasant|fast|safe|modern|simple",
        "bad|fragile|expensive|unpleasant|slow|dangerous|old-fashioned|complicated",
    ),
    "fr": (
        *("n'est pas", "très", "assez", "du tout"),
        "bon|bonne|solide|abordable|agréable|rapide|sûre?|moderne|simple",
        "mauvaise?|fragile|cher|chère|désagréable|lente?|dangereux|dangereuse|démodée?|compliquée?",
    ),
    "es": (
        *("no es", "muy", "bastante", "nada"),
        "buen[oa]|sólid[oa]|asequible|agradable|rápid[oa]|segur[oa]|modern[oa]|sencill[oa]",
        "mal[oa]|frágil|car[oa]|desagradable|lent[oa]|peligros[oa]|anticuad[oa]|complicad[oa]",
    ),
    "de": (
        *("nicht", "sehr", "ziemlich", "überhaupt"),
        "gut|stabil|günstig|angenehm|schnell|sicher|modern|einfach",
        "schlecht|zerbrechlich|teuer|unangenehm|langsam|gefährlich|altmodisch|kompliziert",
    ),
    "tr": (
        *("değil", "çok", "oldukça", "hiç"),
        "iyi|sağlam|hesaplı|hoş|hızlı|güvenli|modern|basit",
        "kötü|dayanıksız|pahalı|itici|yavaş|tehlikeli|eski moda|karmaşık",
    ),
    "sw": (
        *("si", "sana", "kiasi", "hata kidogo"),
        "(?:[mn]|ki)?zuri|imara|bei nafuu|kupendeza|haraka|salama|kisasa|rahisi",
        "(?:m|ki)?baya|dhaifu|ghali|kuudhi|polepole|hatari|kizamani|(?:[mn]|ki)?gumu",
    ),
}


def worth(sentence: str, language: str) -> int:
    """What one opinion is worth, from -3 to 3."""
    denial, very, fairly, at_all, praise, fault = (
        len(re.findall(rf"(?<!\w)(?:{words})(?!\w)", sentence)) for words in WORDS[language]
    )
    assert praise + fault == 1, f"{sentence!r} has {praise} words of praise and {fault} that find fault"
    assert max(denial, very + fairly + at_all) <= 1, f"{sentence!r} says a thing twice"
    size = (1 if very else 3 if at_all else 2) if denial else (3 if very else 1 if fairly else 2)
    return size if praise != denial else -size


def stars(body: str, title: str, language: str) -> int:
    """One to five: three, and one up or down for a worth beyond 1, two for one beyond 4."""
    worths = [worth(sentence, language) for sentence in (*body.removesuffix(".").split(". "), title)]
    total = sum(worths)
    steps = (abs(total) > 1) + (abs(total) > 4)
    return 3 + (steps if total > 0 else -steps)

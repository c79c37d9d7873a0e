"""The languages the toolkit knows by name, and the many codes that files use for them.

A language is a two-letter code (ISO 639-1) everywhere in polydistill. Files of the benchmarks also use three-letter
codes (Tatoeba: `deu`), script suffixes (NTREX: `zho-CN`) and names; `language` reads them all.

Rows of several texts may also be asked for in a pair of languages, as if it were one: `en-hi` has its first text in
English and the others in Hindi. `canonical`, `parts_of` and `called` know languages and pairs.
"""

from dataclasses import dataclass

from polydistill.errors import unknown


@dataclass(frozen=True)
class Language:
    """One language: its code here, its English name, the other codes found in files, and its scripts."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ("Latin",)
    """What it is written in, by the names of Unicode."""


LANGUAGES: dict[str, Language] = {
    entry.code: entry
    for entry in (
        Language("ar", "Arabic", ("ara", "arb"), ("Arabic",)),
        Language("bg", "Bulgarian", ("bul",), ("Cyrillic",)),
        Language("bn", "Bengali", ("ben",), ("Bengali",)),
        Language("de", "German", ("deu", "ger")),
        Language("el", "Greek", ("ell",), ("Greek",)),
        Language("en", "English", ("eng",)),
        Language("es", "Spanish", ("spa",)),
        Language("et", "Estonian", ("est",)),
        Language("eu", "Basque", ("eus",)),
        Language("fi", "Finnish", ("fin",)),
        Language("fr", "French", ("fra", "fre")),
        Language("hi", "Hindi", ("hin",), ("Devanagari",)),
        Language("ht", "Haitian Creole", ("hat",)),
        Language("id", "Indonesian", ("ind",)),
        Language("it", "Italian", ("ita",)),
        Language("ja", "Japanese", ("jpn",), ("Han", "Hiragana", "Katakana")),
        Language("ko", "Korean", ("kor",), ("Hangul",)),
        Language("qu", "Quechua", ("que",)),
        Language("ru", "Russian", ("rus",), ("Cyrillic",)),
        Language("sw", "Swahili", ("swa", "swh")),
        Language("ta", "Tamil", ("tam",), ("Tamil",)),
        Language("te", "Telugu", ("tel",), ("Telugu",)),
        Language("th", "Thai", ("tha",), ("Thai",)),
        Language("tr", "Turkish", ("tur",)),
        Language("ur", "Urdu", ("urd",), ("Arabic",)),
        Language("vi", "Vietnamese", ("vie",)),
        Language("zh", "Chinese", ("zho", "cmn", "zho-cn", "zh-cn"), ("Han",)),
    )
}

_BY_ANY_CODE = {key.lower(): entry for entry in LANGUAGES.values() for key in (entry.code, entry.name, *entry.aliases)}


def language(code: str) -> Language:
    """The language that `code` (two letters, three letters or English name, any case) stands for."""
    try:
        return _BY_ANY_CODE[code.strip().lower()]
    except KeyError:
        raise unknown("language", code, LANGUAGES) from None


def canonical(code: str) -> str:
    """The two-letter code of a language, or of a pair such as `en-hi`, by any codes or names of theirs."""
    return "-".join(parts_of(code))


def parts_of(code: str) -> tuple[str, ...]:
    """The languages of a code: two of a pair (of the first text, and of the others), else the one it names."""
    if code.strip().lower() in _BY_ANY_CODE or "-" not in code:
        return (language(code).code,)
    dashes = (at for at, sign in enumerate(code) if sign == "-")  # a code may have one itself: zho-CN
    splits = ((code[:at].strip().lower(), code[at + 1 :].strip().lower()) for at in dashes)
    known = [pair for pair in splits if all(side in _BY_ANY_CODE for side in pair)]
    if not known:
        raise unknown("language, or pair of languages such as en-hi,", code, LANGUAGES)
    first, second = (language(side).code for side in known[0])
    if first == second:
        raise ValueError(f"{code!r} names one language twice; a pair has two. Say {first!r} for texts in one language.")
    return first, second


def called(code: str) -> str:
    """The English name: `Turkish`, or of a pair `English-Hindi`."""
    return "-".join(language(part).name for part in parts_of(code))

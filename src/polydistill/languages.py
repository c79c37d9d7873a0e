"""The languages the toolkit knows by name, and the many codes that files use for them.

A language is a two-letter code (ISO 639-1) everywhere in polydistill. Files of the benchmarks also use three-letter
codes (Tatoeba: `deu`), script suffixes (NTREX: `zho-CN`) and names; `language` reads them all.
"""

from dataclasses import dataclass

from polydistill.errors import unknown


@dataclass(frozen=True)
class Language:
    """One language: its code here, its English name, and the other codes found in files."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()


LANGUAGES: dict[str, Language] = {
    entry.code: entry
    for entry in (
        Language("ar", "Arabic", ("ara", "arb")),
        Language("bg", "Bulgarian", ("bul",)),
        Language("bn", "Bengali", ("ben",)),
        Language("de", "German", ("deu", "ger")),
        Language("el", "Greek", ("ell",)),
        Language("en", "English", ("eng",)),
        Language("es", "Spanish", ("spa",)),
        Language("et", "Estonian", ("est",)),
        Language("eu", "Basque", ("eus",)),
        Language("fi", "Finnish", ("fin",)),
        Language("fr", "French", ("fra", "fre")),
        Language("hi", "Hindi", ("hin",)),
        Language("ht", "Haitian Creole", ("hat",)),
        Language("id", "Indonesian", ("ind",)),
        Language("it", "Italian", ("ita",)),
        Language("ja", "Japanese", ("jpn",)),
        Language("ko", "Korean", ("kor",)),
        Language("qu", "Quechua", ("que",)),
        Language("ru", "Russian", ("rus",)),
        Language("sw", "Swahili", ("swa", "swh")),
        Language("ta", "Tamil", ("tam",)),
        Language("te", "Telugu", ("tel",)),
        Language("th", "Thai", ("tha",)),
        Language("tr", "Turkish", ("tur",)),
        Language("ur", "Urdu", ("urd",)),
        Language("vi", "Vietnamese", ("vie",)),
        Language("zh", "Chinese", ("zho", "cmn", "zho-cn", "zh-cn")),
    )
}

_BY_ANY_CODE = {key.lower(): entry for entry in LANGUAGES.values() for key in (entry.code, entry.name, *entry.aliases)}


def language(code: str) -> Language:
    """The language that `code` (two letters, three letters or English name, any case) stands for."""
    try:
        return _BY_ANY_CODE[code.strip().lower()]
    except KeyError:
        raise unknown("language", code, LANGUAGES) from None

"""Languages by tags: BCP 47 and ISO 639-3 (`pcm`, `pt-BR`, `sr-Latn`), and FLORES' way of writing them (`eng_Latn`).

What is a code, what it is called and what it is written in say `langcodes` and IANA's registry, which comes with it.
Both are loaded only for what is not in the table.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Z]{2}|[0-9]{3}))?")
_WITHOUT = re.compile(r" \((macrolanguage|individual language|[^()]*variant)\)$")
_OTHER_NAMES = {"Hans": ("Han",), "Hant": ("Han",), "Jpan": ("Han", "Hiragana", "Katakana")}
"""Scripts of tags that Unicode does not tell apart, or takes apart."""
_USUAL = {"azb": "Arab", "ko": "Hang"}
"""What is not written as its macrolanguage is, and what files call by a part of it (Hangul, of Hangul and Han)."""


@dataclass(frozen=True)
class Tag:
    """A language, and the script and the region where it is told apart by them."""

    language: str
    script: str = ""
    region: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.language, self.script, self.region)))


def read_tag(code: str) -> Tag | None:
    """The parts of a tag whose parts are all known; none where it is no tag.

    A region is in capitals: `pt-BR` is the Portuguese of Brazil, and `pt-br` a pair of languages.
    """
    found = _TAG.fullmatch(code)
    if found is None:
        return None
    language, script, region = (part or "" for part in found.groups())
    tag = Tag(shortest(language), script.capitalize(), region)
    known = (("language", tag.language), ("script", tag.script), ("region", tag.region))
    return tag if all(not part or (kind, part) in registry() for kind, part in known) else None


def shortest(language: str) -> str:
    """The code of a language as BCP 47 has it: of two letters where there is one."""
    return language if ("language", language) in registry() else _of_three_letters().get(language, language)


@cache
def _of_three_letters() -> dict[str, str]:
    from langcodes.data_dicts import LANGUAGE_ALPHA3, LANGUAGE_ALPHA3_BIBLIOGRAPHIC

    both = (LANGUAGE_ALPHA3_BIBLIOGRAPHIC, LANGUAGE_ALPHA3)
    return {three: two for codes in both for two, three in codes.items()}


def of_mteb(code: str) -> str:
    """A language as mteb names it: ISO 639-3 and script, such as deu-Latn."""
    from langcodes import Language

    full = Language.get(code).maximize()
    return f"{full.to_alpha3()}-{full.script}"


def usual_script(language: str, region: str = "") -> str:
    """What a language is written in, where nothing is said; what is not known is as its macrolanguage."""
    from langcodes import Language
    from langcodes.data_dicts import LIKELY_SUBTAGS

    if language in _USUAL:
        return _USUAL[language]
    if language not in LIKELY_SUBTAGS and (above := registry()["language", language].get("Macrolanguage")):
        language = above
    return str(Language.make(language=language, territory=region or None).maximize().script)


def script_names(script: str) -> tuple[str, ...]:
    """The names by which Unicode knows a script of four letters."""
    return _OTHER_NAMES.get(script, (script,))


def name_of(kind: str, part: str) -> str:
    """The English name of a language, script or region."""
    name = str(registry()[kind, part]["Description"][0])
    return name.partition(",")[0] if kind == "region" else _WITHOUT.sub("", name)


@cache
def registry() -> dict[tuple[str, str], dict[str, Any]]:
    """IANA's registry of language subtags."""
    from langcodes.registry_parser import parse_registry

    entries = parse_registry()  # type: ignore[no-untyped-call]
    return {(entry["Type"], entry["Subtag"]): entry for entry in entries if "Subtag" in entry}


def alpha_3(language: str) -> str:
    """The code of ISO 639-3; the same where it has three letters already."""
    from langcodes import Language

    return language if len(language) == 3 else str(Language.get(language).to_alpha3())

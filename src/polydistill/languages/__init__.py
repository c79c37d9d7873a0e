"""Every language that has a code, and the many codes that files use for it.

A language is written here in one way: its code of two letters (ISO 639-1), or of three (ISO 639-3) where it has no
other; then its script where that is not the usual one (`sr-Latn`), and its region where one is told (`pt-BR`).
`language` reads any BCP 47 tag, ISO 639-3 or FLORES code (`eng_Latn`), and the English names of the table.

Rows of several texts may also be asked for in a pair of languages, as if it were one: `en-hi` has its first text in
English and the others in Hindi. What follows a dash in capitals is a region, in four letters a script, else a second
language. `canonical`, `parts_of` and `called` know languages and pairs.
"""

import difflib
from collections.abc import Sequence
from functools import cache

from polydistill.languages.table import LANGUAGES, Language
from polydistill.languages.tags import Tag, alpha_3, name_of, read_tag, script_names, usual_script

__all__ = [
    "LANGUAGES",
    "Language",
    "called",
    "canonical",
    "codes_of",
    "language",
    "named_languages",
    "parts_of",
    "several",
]

_BY_ANY_CODE = {key.lower(): entry for entry in LANGUAGES.values() for key in (entry.code, entry.name, *entry.aliases)}
_LISTED = (
    "any code of BCP 47, ISO 639-3 or FLORES, such as tr, pcm, pt-BR or eng_Latn, and the names of "
    "`polydistill list languages`"
)
_CLOSE_NAME = 0.8  # ours


def language(code: str) -> Language:
    """The language that a code, a tag or an English name (any case) stands for."""
    found = _known(code.strip())
    if found is None:
        raise ValueError(f"Unknown language {code!r}.{_hint(code)} Known: {_LISTED}.")
    return found


@cache
def _known(code: str) -> Language | None:
    if found := _BY_ANY_CODE.get(code.lower().replace("_", "-")):
        return found
    tag = read_tag(code if "-" in code or "_" in code else code.lower())
    return None if tag is None else _described(tag)


def _described(tag: Tag) -> Language:
    """The language of a tag, as the table has it where it is there."""
    base = _BY_ANY_CODE.get(tag.language)
    code = base.code if base else tag.language
    usual = usual_script(code, tag.region)
    script = "" if tag.script == usual else tag.script
    if base and not script and (not tag.region or _BY_ANY_CODE.get(f"{code}-{tag.region}".lower()) == base):
        return base
    name = base.name if base else name_of("language", code)
    beside = [name_of(kind, part) for kind, part in (("script", script), ("region", tag.region)) if part]
    scripts = base.scripts if base and not tag.script else script_names(script or usual)
    whole = str(Tag(code, script, tag.region))
    return Language(whole, f"{name} ({', '.join(beside)})" if beside else name, (), scripts)


def _hint(code: str) -> str:
    """A close name; of a code of three letters those with another last one, or with the same ones in another order."""
    given = code.strip().lower()
    if len(given) != 3:
        near = difflib.get_close_matches(given, [one.name.lower() for one in LANGUAGES.values()], 1, _CLOSE_NAME)
        return f" Did you mean {near[0]!r}?" if near else ""
    codes = (key for key in _BY_ANY_CODE if len(key) == len(given))
    close = [key for key in codes if key[:2] == given[:2] or sorted(key) == sorted(given)]
    return f" Did you mean {' or '.join(f'{key!r} ({_BY_ANY_CODE[key].name})' for key in close[:3])}?" if close else ""


def canonical(code: str) -> str:
    """How a language is written here, or a pair such as `en-hi`, by any codes or names of theirs."""
    return "-".join(parts_of(code))


def parts_of(code: str) -> tuple[str, ...]:
    """The languages of a code: two of a pair (of the first text, and of the others), else the one it names."""
    code = code.strip()
    if "-" not in code or _known(code) is not None:
        return (language(code).code,)
    dashes = (at for at, sign in enumerate(code) if sign == "-")  # a language may have one itself: zh-TW
    pairs = ((_known(code[:at].strip()), _known(code[at + 1 :].strip())) for at in dashes)
    known = [(first.code, second.code) for first, second in pairs if first is not None and second is not None]
    if not known:
        raise ValueError(f"Unknown language, or pair of languages such as en-hi, {code!r}. Known: {_LISTED}.")
    first, second = known[0]
    if first == second:
        raise ValueError(f"{code!r} names one language twice; a pair has two. Say {first!r} for texts in one language.")
    return first, second


def called(code: str) -> str:
    """The English name: `Turkish`, or of a pair `English-Hindi`."""
    return "-".join(language(part).name for part in parts_of(code))


@cache
def codes_of(code: str) -> tuple[str, ...]:
    """All codes under which files know a language, ours first: `zh`, `zho`, `cmn`, ..., `zh-CN`, `zho_Hans`."""
    entry = language(code)
    tag = read_tag(entry.code)
    assert tag is not None, "a language has a code"
    base = _BY_ANY_CODE.get(tag.language)
    short = [one for one in (tag.language, alpha_3(tag.language), *(base.aliases if base else ())) if len(one) <= 3]
    bare = () if tag.script or tag.region else short
    cut = (name.partition("-") for name in entry.aliases)
    in_capitals = [f"{one}-{region.upper()}" for one, dash, region in cut if dash]
    end = "-".join(filter(None, (tag.script, tag.region))) or usual_script(tag.language)
    whole = [f"{one}{sign}{end}" for sign in "-_" for one in short]
    return tuple(dict.fromkeys([entry.code, *entry.aliases, *bare, *in_capitals, *whole]))


def several(languages: str | Sequence[str]) -> tuple[str, ...]:
    """The languages of `en,tr`, or of a list."""
    named = languages.split(",") if isinstance(languages, str) else languages
    return tuple(one.strip() for one in named if one.strip())


def named_languages(languages: str | Sequence[str]) -> tuple[str, ...]:
    """Languages, or pairs of them, by their two-letter codes, each once."""
    named = several(languages)
    if not named:
        raise ValueError("Name at least one language, such as en, or several, such as en,tr.")
    return tuple(dict.fromkeys(map(canonical, named)))

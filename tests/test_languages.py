"""The languages that have a name here: all of XLM-R's, and each code means one of them."""

import pytest
import regex

from polydistill.languages import LANGUAGES, canonical, language, parts_of

XLM_R = (  # as its authors list them; seven more of its hundred are romanised or other spellings of some of these
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it "
    "ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so sq "
    "sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
TATOEBA = (  # the codes of its files that are not ISO 639-3's code of the language that the papers name, or differ much
    {"cmn": "zh", "lvs": "lv", "nob": "no", "pes": "fa", "swh": "sw", "zsm": "ms", "khk": "mn", "ara": "ar"}
    | {"afr": "af", "ell": "el", "eus": "eu", "hye": "hy", "isl": "is", "kat": "ka", "kaz": "kk", "mkd": "mk"}
    | {"nld": "nl", "ron": "ro", "slk": "sk", "sqi": "sq", "tgl": "tl", "uig": "ug", "yid": "yi", "ceb": "ceb"}
)


def test_all_languages_of_xlm_r_are_there():
    listed = set(XLM_R.split())
    assert len(listed) == 93
    assert not listed - set(LANGUAGES)


def test_a_code_means_one_language():
    named = [{key.lower() for key in (one.code, one.name, *one.aliases)} for one in LANGUAGES.values()]
    keys = [key for keys in named for key in keys]
    assert len(keys) == len(set(keys))
    assert [(len(code), code) for code in LANGUAGES] == sorted((len(code), code) for code in LANGUAGES)


def test_two_letter_codes_have_one_of_three_letters():
    short = [one for one in LANGUAGES.values() if len(one.code) == 2]
    assert all(any(len(alias) == 3 for alias in one.aliases) for one in short)
    assert all(regex.fullmatch("[a-z]{2,3}", one.code) for one in LANGUAGES.values())


@pytest.mark.parametrize(("code", "meant"), TATOEBA.items())
def test_codes_in_files(code, meant):
    assert canonical(code) == meant


def test_scripts_are_those_of_unicode():
    letters = {"am": "አ", "he": "ש", "hy": "Ա", "ka": "ა", "km": "ក", "my": "က", "pa": "ਕ", "si": "ක", "sr": "Ж"}
    for code, letter in {**letters, "yue": "粵", "dv": "ހ", "bo": "བ", "ug": "ئ", "or": "କ", "lo": "ກ"}.items():
        assert any(regex.fullmatch(rf"\p{{Script={name}}}", letter) for name in LANGUAGES[code].scripts)
    for one in LANGUAGES.values():
        for name in one.scripts:
            regex.compile(rf"\p{{Script={name}}}")


def test_what_is_not_known_is_said():
    with pytest.raises(ValueError, match=r"Unknown language 'turkisch'\. Did you mean 'turkish'\? .*list languages"):
        language("turkisch")
    with pytest.raises(ValueError, match=r"pair of languages such as en-hi, 'en-xx'\. Known: 202 languages"):
        parts_of("en-xx")

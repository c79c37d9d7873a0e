"""Any language by any code; those of the table by readable names; each code means one of them."""

import pytest
import regex

from polydistill.languages import LANGUAGES, called, canonical, codes_of, language, parts_of

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
    with pytest.raises(ValueError, match=r"pair of languages such as en-hi, 'en-xx'\. Known: any code of BCP 47"):
        parts_of("en-xx")


def test_a_slip_of_a_code_is_answered_with_a_close_code_only():
    with pytest.raises(ValueError, match=r"'deo'\. Did you mean 'deu' \(German\)"):
        language("deo")
    for nothing_close in ("xx", "qqq", "zz_Latn"):
        with pytest.raises(ValueError, match=f"Unknown language {nothing_close!r}. Known"):
            language(nothing_close)


BENCHMARKS = {
    "MasakhaNER 2": "bam bbj ewe fon hau ibo kin lug luo mos nya pcm sna swa tsn twi wol xho yor zul",
    "AmericasNLI": "aym bzd cni gn hch nah oto quy shp tar",
    "NusaX": "ace ban bbc bjn bug eng ind jav mad min nij sun",
    "IndicXTREME": "as bn brx doi gom gu hi kn kok ks mai ml mni mr ne or pa sa sat sd ta te ur",
    "IndicXTREME in FLORES codes": "asm_Beng brx_Deva doi_Deva gom_Deva kas_Arab mni_Mtei sat_Olck snd_Deva urd_Arab",
}
FLORES = """
ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn als_Latn amh_Ethi apc_Arab arb_Arab arb_Latn
ars_Arab ary_Arab arz_Arab asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl
bem_Latn ben_Beng bho_Deva bjn_Arab bjn_Latn bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn ceb_Latn ces_Latn cjk_Latn
ckb_Arab crh_Latn cym_Latn dan_Latn deu_Latn dik_Latn dyu_Latn dzo_Tibt ell_Grek eng_Latn epo_Latn est_Latn eus_Latn
ewe_Latn fao_Latn fij_Latn fin_Latn fon_Latn fra_Latn fur_Latn fuv_Latn gaz_Latn gla_Latn gle_Latn glg_Latn grn_Latn
guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva hrv_Latn hun_Latn hye_Armn ibo_Latn ilo_Latn ind_Latn isl_Latn
ita_Latn jav_Latn jpn_Jpan kab_Latn kac_Latn kam_Latn kan_Knda kas_Arab kas_Deva kat_Geor kaz_Cyrl kbp_Latn kea_Latn
khk_Cyrl khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn kmr_Latn knc_Arab knc_Latn kon_Latn kor_Hang lao_Laoo lij_Latn
lim_Latn lin_Latn lit_Latn lmo_Latn ltg_Latn ltz_Latn lua_Latn lug_Latn luo_Latn lus_Latn lvs_Latn mag_Deva mai_Deva
mal_Mlym mar_Deva min_Arab min_Latn mkd_Cyrl mlt_Latn mni_Beng mos_Latn mri_Latn mya_Mymr nld_Latn nno_Latn nob_Latn
npi_Deva nso_Latn nus_Latn nya_Latn oci_Latn ory_Orya pag_Latn pan_Guru pap_Latn pbt_Arab pes_Arab plt_Latn pol_Latn
por_Latn prs_Arab quy_Latn ron_Latn run_Latn rus_Cyrl sag_Latn san_Deva sat_Olck scn_Latn shn_Mymr sin_Sinh slk_Latn
slv_Latn smo_Latn sna_Latn snd_Arab som_Latn sot_Latn spa_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn
szl_Latn tam_Taml taq_Latn taq_Tfng tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tpi_Latn tsn_Latn tso_Latn
tuk_Latn tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab uzn_Latn vec_Latn vie_Latn war_Latn
wol_Latn xho_Latn ydd_Hebr yor_Latn yue_Hant zho_Hans zho_Hant zsm_Latn zul_Latn
"""


@pytest.mark.parametrize("codes", [*BENCHMARKS.values(), FLORES], ids=[*BENCHMARKS, "FLORES-200"])
def test_codes_of_benchmarks(codes):
    ours = {code: canonical(code) for code in codes.split()}
    assert len(set(ours.values())) == len(ours)  # what a benchmark tells apart stays apart
    for code, short in ours.items():
        assert canonical(short) == short
        assert parts_of(short) == (short,)
        assert code in codes_of(short)  # its files are found
        assert called(short)[0].isupper()
        assert all(regex.compile(rf"\p{{Script={name}}}") for name in language(short).scripts)


@pytest.mark.parametrize(
    ("code", "meant", "name"),
    [
        ("eng_Latn", "en", "English"),
        ("Eng", "en", "English"),
        ("pcm", "pcm", "Nigerian Pidgin"),
        ("luo", "luo", "Luo (Kenya and Tanzania)"),
        ("sr_Latn", "sr-Latn", "Serbian (Latin)"),
        ("srp_Cyrl", "sr", "Serbian"),
        ("zho_Hans", "zh", "Chinese"),
        ("zho-CN", "zh", "Chinese"),
        ("zho-TW", "zh-TW", "Chinese (Taiwan)"),
        ("zh-Hant-TW", "zh-TW", "Chinese (Taiwan)"),
        ("pt-BR", "pt-BR", "Portuguese (Brazil)"),
        ("es-419", "es-419", "Spanish (Latin America and the Caribbean)"),
        ("azb_Arab", "azb", "South Azerbaijani"),
        ("kor_Hang", "ko", "Korean"),
    ],
)
def test_one_spelling_for_one_language(code, meant, name):
    assert canonical(code) == meant
    assert called(code) == name


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("en-hi", ("en", "hi")),
        ("EN-HI", ("en", "hi")),
        ("pt-br", ("pt", "br")),
        ("pt-BR", ("pt-BR",)),
        ("zh-tw", ("zh", "tw")),
        ("zh-TW", ("zh-TW",)),
        ("sr-latn", ("sr-Latn",)),
        ("en-pt-BR", ("en", "pt-BR")),
        ("zh-TW-en", ("zh-TW", "en")),
        ("eng_Latn-pcm", ("en", "pcm")),
        ("sr-Latn-sr", ("sr-Latn", "sr")),
    ],
)
def test_a_pair_is_told_from_a_tag(code, parts):
    assert parts_of(code) == parts
    assert parts_of(canonical(code)) == parts

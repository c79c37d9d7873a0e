"""The languages the toolkit knows by name, and the many codes that files use for them.

A language is a two-letter code (ISO 639-1) everywhere in polydistill, or a three-letter one (ISO 639-3) where it has no
other. Here are all of ISO 639-1, so all of XLM-R's, and some more that mBERT has. Files of the benchmarks also
use three-letter codes (Tatoeba: `deu`), script suffixes (NTREX: `zho-CN`) and names; `language` reads them all.

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
        Language("aa", "Afar", ("aar",)),
        Language("ab", "Abkhazian", ("abk",), ("Cyrillic",)),
        Language("ae", "Avestan", ("ave",), ("Avestan",)),
        Language("af", "Afrikaans", ("afr",)),
        Language("ak", "Akan", ("aka",)),
        Language("am", "Amharic", ("amh",), ("Ethiopic",)),
        Language("an", "Aragonese", ("arg",)),
        Language("ar", "Arabic", ("ara", "arb"), ("Arabic",)),
        Language("as", "Assamese", ("asm",), ("Bengali",)),
        Language("av", "Avaric", ("ava",), ("Cyrillic",)),
        Language("ay", "Aymara", ("aym", "ayr")),
        Language("az", "Azerbaijani", ("aze", "azj")),
        Language("ba", "Bashkir", ("bak",), ("Cyrillic",)),
        Language("be", "Belarusian", ("bel",), ("Cyrillic",)),
        Language("bg", "Bulgarian", ("bul",), ("Cyrillic",)),
        Language("bi", "Bislama", ("bis",)),
        Language("bm", "Bambara", ("bam",)),
        Language("bn", "Bengali", ("ben",), ("Bengali",)),
        Language("bo", "Tibetan", ("bod", "tib"), ("Tibetan",)),
        Language("br", "Breton", ("bre",)),
        Language("bs", "Bosnian", ("bos",), ("Cyrillic", "Latin")),
        Language("ca", "Catalan", ("cat",)),
        Language("ce", "Chechen", ("che",), ("Cyrillic",)),
        Language("ch", "Chamorro", ("cha",)),
        Language("co", "Corsican", ("cos",)),
        Language("cr", "Cree", ("cre",), ("Canadian_Aboriginal", "Latin")),
        Language("cs", "Czech", ("ces", "cze")),
        Language("cu", "Church Slavic", ("chu",), ("Cyrillic",)),
        Language("cv", "Chuvash", ("chv",), ("Cyrillic",)),
        Language("cy", "Welsh", ("cym", "wel")),
        Language("da", "Danish", ("dan",)),
        Language("de", "German", ("deu", "ger")),
        Language("dv", "Divehi", ("div",), ("Thaana",)),
        Language("dz", "Dzongkha", ("dzo",), ("Tibetan",)),
        Language("ee", "Ewe", ("ewe",)),
        Language("el", "Greek", ("ell", "gre"), ("Greek",)),
        Language("en", "English", ("eng",)),
        Language("eo", "Esperanto", ("epo",)),
        Language("es", "Spanish", ("spa",)),
        Language("et", "Estonian", ("est", "ekk")),
        Language("eu", "Basque", ("eus", "baq")),
        Language("fa", "Persian", ("fas", "per", "pes"), ("Arabic",)),
        Language("ff", "Fula", ("ful", "fuv")),
        Language("fi", "Finnish", ("fin",)),
        Language("fj", "Fijian", ("fij",)),
        Language("fo", "Faroese", ("fao",)),
        Language("fr", "French", ("fra", "fre")),
        Language("fy", "Western Frisian", ("fry",)),
        Language("ga", "Irish", ("gle",)),
        Language("gd", "Scottish Gaelic", ("gla",)),
        Language("gl", "Galician", ("glg",)),
        Language("gn", "Guarani", ("grn", "gug")),
        Language("gu", "Gujarati", ("guj",), ("Gujarati",)),
        Language("gv", "Manx", ("glv",)),
        Language("ha", "Hausa", ("hau",)),
        Language("he", "Hebrew", ("heb", "iw"), ("Hebrew",)),
        Language("hi", "Hindi", ("hin",), ("Devanagari",)),
        Language("ho", "Hiri Motu", ("hmo",)),
        Language("hr", "Croatian", ("hrv",)),
        Language("ht", "Haitian Creole", ("hat",)),
        Language("hu", "Hungarian", ("hun",)),
        Language("hy", "Armenian", ("hye", "arm"), ("Armenian",)),
        Language("hz", "Herero", ("her",)),
        Language("ia", "Interlingua", ("ina",)),
        Language("id", "Indonesian", ("ind",)),
        Language("ie", "Interlingue", ("ile",)),
        Language("ig", "Igbo", ("ibo",)),
        Language("ii", "Sichuan Yi", ("iii",), ("Yi",)),
        Language("ik", "Inupiaq", ("ipk",)),
        Language("io", "Ido", ("ido",)),
        Language("is", "Icelandic", ("isl", "ice")),
        Language("it", "Italian", ("ita",)),
        Language("iu", "Inuktitut", ("iku",), ("Canadian_Aboriginal", "Latin")),
        Language("ja", "Japanese", ("jpn",), ("Han", "Hiragana", "Katakana")),
        Language("jv", "Javanese", ("jav", "jw")),
        Language("ka", "Georgian", ("kat", "geo"), ("Georgian",)),
        Language("kg", "Kongo", ("kon",)),
        Language("ki", "Kikuyu", ("kik",)),
        Language("kj", "Kuanyama", ("kua",)),
        Language("kk", "Kazakh", ("kaz",), ("Cyrillic",)),
        Language("kl", "Kalaallisut", ("kal",)),
        Language("km", "Khmer", ("khm",), ("Khmer",)),
        Language("kn", "Kannada", ("kan",), ("Kannada",)),
        Language("ko", "Korean", ("kor",), ("Hangul",)),
        Language("kr", "Kanuri", ("kau", "knc")),
        Language("ks", "Kashmiri", ("kas",), ("Arabic", "Devanagari")),
        Language("ku", "Kurdish", ("kur", "kmr")),
        Language("kv", "Komi", ("kom",), ("Cyrillic",)),
        Language("kw", "Cornish", ("cor",)),
        Language("ky", "Kyrgyz", ("kir",), ("Cyrillic",)),
        Language("la", "Latin", ("lat",)),
        Language("lb", "Luxembourgish", ("ltz",)),
        Language("lg", "Ganda", ("lug",)),
        Language("li", "Limburgish", ("lim",)),
        Language("ln", "Lingala", ("lin",)),
        Language("lo", "Lao", ("lao",), ("Lao",)),
        Language("lt", "Lithuanian", ("lit",)),
        Language("lu", "Luba-Katanga", ("lub",)),
        Language("lv", "Latvian", ("lav", "lvs")),
        Language("mg", "Malagasy", ("mlg", "plt")),
        Language("mh", "Marshallese", ("mah",)),
        Language("mi", "Maori", ("mri", "mao")),
        Language("mk", "Macedonian", ("mkd", "mac"), ("Cyrillic",)),
        Language("ml", "Malayalam", ("mal",), ("Malayalam",)),
        Language("mn", "Mongolian", ("mon", "khk"), ("Cyrillic",)),
        Language("mr", "Marathi", ("mar",), ("Devanagari",)),
        Language("ms", "Malay", ("msa", "may", "zsm")),
        Language("mt", "Maltese", ("mlt",)),
        Language("my", "Burmese", ("mya", "bur"), ("Myanmar",)),
        Language("na", "Nauru", ("nau",)),
        Language("nd", "North Ndebele", ("nde",)),
        Language("ne", "Nepali", ("nep", "npi"), ("Devanagari",)),
        Language("ng", "Ndonga", ("ndo",)),
        Language("nl", "Dutch", ("nld", "dut")),
        Language("nn", "Norwegian Nynorsk", ("nno",)),
        Language("no", "Norwegian", ("nor", "nb", "nob")),
        Language("nr", "South Ndebele", ("nbl",)),
        Language("nv", "Navajo", ("nav",)),
        Language("ny", "Nyanja", ("nya",)),
        Language("oc", "Occitan", ("oci",)),
        Language("oj", "Ojibwa", ("oji",), ("Canadian_Aboriginal", "Latin")),
        Language("om", "Oromo", ("orm", "gaz")),
        Language("or", "Odia", ("ori", "ory", "Oriya"), ("Oriya",)),
        Language("os", "Ossetic", ("oss",), ("Cyrillic",)),
        Language("pa", "Punjabi", ("pan",), ("Gurmukhi",)),
        Language("pi", "Pali", ("pli",), ("Devanagari", "Khmer", "Latin", "Myanmar", "Sinhala", "Thai")),
        Language("pl", "Polish", ("pol",)),
        Language("ps", "Pashto", ("pus", "pbt"), ("Arabic",)),
        Language("pt", "Portuguese", ("por",)),
        Language("qu", "Quechua", ("que", "quy")),
        Language("rm", "Romansh", ("roh",)),
        Language("rn", "Rundi", ("run",)),
        Language("ro", "Romanian", ("ron", "rum")),
        Language("ru", "Russian", ("rus",), ("Cyrillic",)),
        Language("rw", "Kinyarwanda", ("kin",)),
        Language("sa", "Sanskrit", ("san",), ("Devanagari",)),
        Language("sc", "Sardinian", ("srd",)),
        Language("sd", "Sindhi", ("snd",), ("Arabic",)),
        Language("se", "Northern Sami", ("sme",)),
        Language("sg", "Sango", ("sag",)),
        Language("si", "Sinhala", ("sin",), ("Sinhala",)),
        Language("sk", "Slovak", ("slk", "slo")),
        Language("sl", "Slovenian", ("slv",)),
        Language("sm", "Samoan", ("smo",)),
        Language("sn", "Shona", ("sna",)),
        Language("so", "Somali", ("som",)),
        Language("sq", "Albanian", ("sqi", "alb", "als")),
        Language("sr", "Serbian", ("srp",), ("Cyrillic", "Latin")),
        Language("ss", "Swati", ("ssw",)),
        Language("st", "Southern Sotho", ("sot",)),
        Language("su", "Sundanese", ("sun",)),
        Language("sv", "Swedish", ("swe",)),
        Language("sw", "Swahili", ("swa", "swh")),
        Language("ta", "Tamil", ("tam",), ("Tamil",)),
        Language("te", "Telugu", ("tel",), ("Telugu",)),
        Language("tg", "Tajik", ("tgk",), ("Cyrillic",)),
        Language("th", "Thai", ("tha",), ("Thai",)),
        Language("ti", "Tigrinya", ("tir",), ("Ethiopic",)),
        Language("tk", "Turkmen", ("tuk",)),
        Language("tl", "Tagalog", ("tgl", "fil", "Filipino")),
        Language("tn", "Tswana", ("tsn",)),
        Language("to", "Tongan", ("ton",)),
        Language("tr", "Turkish", ("tur",)),
        Language("ts", "Tsonga", ("tso",)),
        Language("tt", "Tatar", ("tat",), ("Cyrillic",)),
        Language("tw", "Twi", ("twi",)),
        Language("ty", "Tahitian", ("tah",)),
        Language("ug", "Uyghur", ("uig",), ("Arabic",)),
        Language("uk", "Ukrainian", ("ukr",), ("Cyrillic",)),
        Language("ur", "Urdu", ("urd",), ("Arabic",)),
        Language("uz", "Uzbek", ("uzb", "uzn"), ("Cyrillic", "Latin")),
        Language("ve", "Venda", ("ven",)),
        Language("vi", "Vietnamese", ("vie",)),
        Language("vo", "Volapük", ("vol",)),
        Language("wa", "Walloon", ("wln",)),
        Language("wo", "Wolof", ("wol",)),
        Language("xh", "Xhosa", ("xho",)),
        Language("yi", "Yiddish", ("yid", "ydd"), ("Hebrew",)),
        Language("yo", "Yoruba", ("yor",)),
        Language("za", "Zhuang", ("zha",)),
        Language("zh", "Chinese", ("zho", "cmn", "zho-cn", "zh-cn", "chi"), ("Han",)),
        Language("zu", "Zulu", ("zul",)),
        Language("arz", "Egyptian Arabic", (), ("Arabic",)),
        Language("ast", "Asturian"),
        Language("azb", "South Azerbaijani", (), ("Arabic",)),
        Language("bar", "Bavarian"),
        Language("bpy", "Bishnupriya", (), ("Bengali",)),
        Language("ceb", "Cebuano"),
        Language("ckb", "Central Kurdish", (), ("Arabic",)),
        Language("hsb", "Upper Sorbian"),
        Language("lmo", "Lombard"),
        Language("min", "Minangkabau"),
        Language("nds", "Low German"),
        Language("new", "Newari", (), ("Devanagari",)),
        Language("nso", "Northern Sotho"),
        Language("pms", "Piedmontese"),
        Language("pnb", "Western Punjabi", (), ("Arabic",)),
        Language("scn", "Sicilian"),
        Language("sco", "Scots"),
        Language("war", "Waray"),
        Language("wuu", "Wu Chinese", (), ("Han",)),
        Language("yue", "Cantonese", (), ("Han",)),
    )
}

_BY_ANY_CODE = {key.lower(): entry for entry in LANGUAGES.values() for key in (entry.code, entry.name, *entry.aliases)}
_LISTED = f"{len(LANGUAGES)} languages, by code or English name (polydistill list languages)"


def language(code: str) -> Language:
    """The language that `code` (two letters, three letters or English name, any case) stands for."""
    try:
        return _BY_ANY_CODE[code.strip().lower()]
    except KeyError:
        raise unknown("language", code, _BY_ANY_CODE, _LISTED) from None


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
        raise unknown("language, or pair of languages such as en-hi,", code, _BY_ANY_CODE, _LISTED)
    first, second = (language(side).code for side in known[0])
    if first == second:
        raise ValueError(f"{code!r} names one language twice; a pair has two. Say {first!r} for texts in one language.")
    return first, second


def called(code: str) -> str:
    """The English name: `Turkish`, or of a pair `English-Hindi`."""
    return "-".join(language(part).name for part in parts_of(code))

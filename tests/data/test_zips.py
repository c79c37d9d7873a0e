"""Zips of parallel text are read where they lie, and what an archive should not hold is refused."""

import stat
import struct
import zipfile

import pytest

from polydistill.data.rows.load import fingerprint, load_text
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.parallel import load_parallel
from polydistill.errors import DataError

EN, TR = ["one", "two\u2028still two", "", "four"], ["bir", "iki", "üç", "dört"]


def moses(folder, name="Europarl.en-tr", texts=None, method=zipfile.ZIP_DEFLATED, **more):
    """A zip as OPUS makes it."""
    path = folder / f"{name}.txt.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("README", "about")
        archive.writestr("LICENSE", "free")
        archive.writestr(f"{name}.xml", "<ids/>")
        for code, lines in (texts or {"en": EN, "tr": TR}).items():
            archive.writestr(f"{name}.{code}", "".join(line + "\n" for line in lines))
        for member, content in more.items():
            archive.writestr(member, content)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_both_sides_are_read_and_nothing_is_written(tmp_path, method):
    path = moses(tmp_path, method=method)
    corpus = load_parallel(path, "en", "tr")
    assert corpus.rows["en"]["text"][:] == ["one", "two\u2028still two", "four"]
    assert corpus.rows["tr"]["text"][:] == ["bir", "iki", "dört"]
    assert corpus.skipped == {"en": {"blank line": 1}, "tr": {"blank line": 1}}
    assert list(tmp_path.iterdir()) == [path]


def test_a_source_reads_it_too(tmp_path):
    source = FileSource(path=str(moses(tmp_path)))
    text = load_text(source, ["tr", "en"])
    assert (text.counts, text.aligned) == ({"tr": 3, "en": 3}, True)
    before = fingerprint(source, ["tr", "en"])
    moses(tmp_path, texts={"en": EN, "tr": [*TR[:3], "beş"]})
    assert fingerprint(source, ["tr", "en"]) != before


@pytest.mark.parametrize("ending", ["zh", "zho", "zh_CN"])
def test_a_language_is_known_by_any_code(tmp_path, ending):
    path = moses(tmp_path, "MultiUN", {"en": ["one"], ending: ["一"]})
    assert load_parallel(path, "en", "zh").rows["zh"]["text"][:] == ["一"]


def test_what_a_desktop_adds_does_not_count(tmp_path):
    path = moses(tmp_path, **{"__MACOSX/._a.en": "x", ".DS_Store": "x"})
    assert load_parallel(path, "en", "tr").counts == {"en": 3, "tr": 3}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"en": EN}, r"no members for language 'tr' \(there are README, LICENSE, .*one whose name ends in a code"),
        ({"en": EN, "tr": TR, "tur": TR}, r"2 members for language 'tr' \(there are Europarl.en-tr.tr, .*tur\)"),
        ({"en": EN, "tr": TR[:2]}, r"Europarl.en-tr.en, line 3: found line counts 4 \(.*\), 2 \("),
        ({"en": [], "tr": TR}, r"Europarl.en-tr.en: found an empty file"),
    ],
)
def test_what_is_missing_is_said(tmp_path, texts, message):
    with pytest.raises(DataError, match=message):
        load_parallel(moses(tmp_path, texts=texts), "en", "tr")


@pytest.mark.parametrize("name", ["/etc/a.en", "../a.en", "x/../../a.en", "..\\a.en", "C:/a.en", "\\a.en"])
def test_members_outside_the_folder_are_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"which would lie outside its folder; expected plain files only"):
        load_parallel(moses(tmp_path, **{name: "x"}), "en", "tr")


def test_links_are_refused(tmp_path):
    path = moses(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("more.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match=r"found a link, 'more.txt'; expected plain files only"):
        load_parallel(path, "en", "tr")


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.tr", "bir\n")
        with archive.open("a.en", "w") as member:
            for _ in range(65):
                member.write(b"a" * (1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match=r"a.en: found .* bytes that unpack to 68,157,440; expected text, which is at"):
        load_parallel(path, "en", "tr")


def test_a_member_that_is_longer_than_it_says_is_broken(tmp_path):
    path = moses(tmp_path, method=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")  # the directory's entry of the last member, the Turkish side
    struct.pack_into("<I", content, at + 24, 4)  # its unpacked size
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken zip data"):
        load_parallel(path, "en", "tr")


def test_encrypted_and_broken_zips_say_so(tmp_path):
    path = moses(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"no zip \(File is not a zip file\); expected a whole zip file"):
        load_parallel(path, "en", "tr")
    content = bytearray(whole)
    at = content.rindex(b"PK\x01\x02")  # the directory's entry of the last member, the Turkish side
    content[at + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"Europarl.en-tr.tr: found an encrypted member"):
        load_parallel(path, "en", "tr")

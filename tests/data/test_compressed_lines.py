"""Text that is compressed reads as the plain text does, and what is broken says so."""

import gzip
import lzma

import pyarrow as pa
import pytest

from polydistill.data.files.text_lines import raw_lines, read_lines, uncompressed
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import FileSource
from polydistill.errors import DataError

LINES = ["bir", "", "iki\u2028üç\x0cdört", "beş " * 50, "son"]
CONTENT = "\n".join(LINES).encode() + b"\n"
KINDS = {".gz": "gzip", ".xz": "xz", ".zst": "Zstandard"}


def compressed(suffix: str, content: bytes = CONTENT) -> bytes:
    if suffix == ".zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        return sink.getvalue().to_pybytes()
    return {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[suffix](content)


def written(folder, suffix, content):
    path = folder / f"text.txt{suffix}"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["", *KINDS])
def test_lines_are_those_of_the_plain_file(tmp_path, suffix):
    path = written(tmp_path, suffix, compressed(suffix))
    assert list(read_lines(path)) == list(enumerate(LINES, start=1))
    assert load_text(FileSource(path=str(path)), ["tr"]).rows["tr"]["text"][:] == [line for line in LINES if line]


@pytest.mark.parametrize("suffix", KINDS)
def test_pieces_that_were_put_together_are_read_to_the_end(tmp_path, suffix):
    path = written(tmp_path, suffix, compressed(suffix) + compressed(suffix, b"more\n"))
    assert [text for _, text in read_lines(path)] == [*LINES, "more"]


@pytest.mark.parametrize("suffix", KINDS)
def test_records_know_their_format_below_the_compression(tmp_path, suffix):
    path = tmp_path / f"rows.jsonl{suffix}"
    path.write_bytes(compressed(suffix, b'{"text": "a"}\n{"text": "b"}\n'))
    assert load_text(FileSource(path=str(path)), ["en"]).rows["en"]["text"][:] == ["a", "b"]


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("content", ["cut off", "something else"])
def test_broken_data_says_what_and_where(tmp_path, suffix, content):
    lines = "".join(f"line {number} {number * 7919 % 10007}\n" for number in range(20_000)).encode()
    whole = compressed(suffix, lines)
    path = written(tmp_path, suffix, whole[: len(whole) // 2] if content == "cut off" else b"plain text\n")
    with pytest.raises(DataError) as caught:
        list(read_lines(path))
    assert (caught.value.file, caught.value.line is not None) == (path, True)
    assert f"broken {KINDS[suffix]} data" in caught.value.found
    assert f"a whole {KINDS[suffix]} file" in caught.value.expected
    assert "Fetch it again" in caught.value.way_out


@pytest.mark.parametrize("suffix", ["", *KINDS])
def test_broken_utf8_and_empty_files(tmp_path, suffix):
    path = written(tmp_path, suffix, compressed(suffix, b"fine\ncaf\xe9\n"))
    with pytest.raises(DataError, match=r"line 2: found byte 0xE9 at byte 4 of the line") as caught:
        list(read_lines(path))
    assert caught.value.line == 2
    path.write_bytes(compressed(suffix, b""))
    with pytest.raises(DataError, match="an empty file"):
        list(read_lines(path))


def test_names_without_the_compression():
    assert [uncompressed(name) for name in ("a.txt", "a.tsv.gz", "a.xz", "a.b.zst")] == ["a.txt", "a.tsv", "a", "a.b"]


def test_a_small_file_that_unpacks_to_an_endless_line_is_refused(tmp_path):
    with gzip.open(tmp_path / "bomb.gz", "wb") as file:
        for _ in range(70):
            file.write(bytes(1 << 20))
    assert (tmp_path / "bomb.gz").stat().st_size < 100_000
    with pytest.raises(DataError, match=r"bomb.gz, line 1: found a line of more than 64 MiB"):
        list(raw_lines(tmp_path / "bomb.gz"))

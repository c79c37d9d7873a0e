"""A stream's order is a pure function of files, seed, process and position, whatever happened before."""

import json
import os
from collections import Counter
from itertools import islice

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compressed_lines import compressed

from polydistill.data.batches.streams import LineReader, Texts, TextStream, open_texts
from polydistill.data.files import contents
from polydistill.data.rows.load import fingerprint, load_text
from polydistill.data.rows.sources import FileSource, HubSource, WorldSource, parse_source
from polydistill.errors import DataError

FILES = [[f"{part}.{line}" for line in range(lines)] for part, lines in enumerate((7, 1, 12, 5))]
ALL = [text for file in FILES for text in file]


def in_memory(seed: int = 0, buffer: int = 4, files=FILES) -> Texts:
    return Texts("memory", [lambda file=file: iter(file) for file in files], (seed,), buffer)


def first(texts: Texts, count: int, position: int = 0) -> list[str]:
    return list(islice(texts.start(position), count))


def corpus(folder, files=FILES, suffix=""):
    folder.mkdir(parents=True)
    for number, lines in enumerate(files):
        content = "".join(f"{line}\n" for line in lines).encode()
        (folder / f"{number}.txt{suffix}").write_bytes(compressed(suffix, content))
    return folder


def of(path, seed=0, buffer=4, code="en", **options) -> Texts:
    return open_texts(TextStream(source=FileSource(path=str(path), **options), buffer=buffer), code, seed)


# The order


def test_the_seed_and_nothing_else_decides_the_order():
    assert first(in_memory(), 60) == first(in_memory(), 60)
    assert first(in_memory(seed=1), 25) != first(in_memory(), 25)
    assert Counter(first(in_memory(seed=1), 25)) == Counter(ALL)


def test_each_epoch_has_every_text_once_in_an_order_of_its_own():
    texts = first(in_memory(), 4 * len(ALL))
    epochs = [texts[start : start + len(ALL)] for start in range(0, len(texts), len(ALL))]
    assert all(sorted(epoch) == sorted(ALL) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert len({tuple(dict.fromkeys(text.split(".")[0] for text in epoch)) for epoch in epochs}) > 1  # files, too


def test_texts_move_within_the_buffer_and_no_further():
    lines = [str(line) for line in range(1000)]
    for start in range(0, 1000, 100):
        found = first(in_memory(buffer=100, files=[lines]), 100, start)
        assert sorted(map(int, found)) == list(range(start, start + 100))
        assert found != lines[start : start + 100]
    assert first(in_memory(buffer=1, files=[lines]), 1000) == lines


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 12), st.integers(0, 80), st.booleans())
def test_a_start_anywhere_gives_what_follows_there(sizes, buffer, position, has_read_before):
    files = [[f"{part}.{line}" for line in range(size)] for part, size in enumerate(sizes)]
    whole = in_memory(buffer=buffer, files=files)
    wanted = first(whole, position + 40)[position:]
    other = whole if has_read_before else in_memory(buffer=buffer, files=files)
    assert first(other, 40, position) == wanted


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 5), st.integers(1, 10), st.integers(0, 50))
def test_processes_together_read_what_one_reads(processes, buffer, position):
    readers = [LineReader(in_memory(buffer=buffer), rank, processes, position) for rank in range(processes)]
    turns = [[next(reader) for reader in readers] for _ in range(20)]
    wanted = first(in_memory(buffer=buffer), 20 * processes, position * processes)
    assert [text for turn in turns for text in turn] == wanted


def test_processes_share_an_epoch_without_overlap():
    readers = [LineReader(in_memory(), rank, 5) for rank in range(5)]
    shares = [list(islice(reader, len(ALL) // 5)) for reader in readers]
    assert sorted(text for share in shares for text in share) == sorted(ALL)
    with pytest.raises(ValueError, match=r"rank is 2; expected 0 to 1, as there are 2 processes"):
        LineReader(in_memory(), 2, 2)


# Being taken up again


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 30), max_size=6), st.integers(1, 3))
def test_a_reader_taken_up_again_goes_on_where_it_stood(pieces, processes):
    wanted = list(islice(LineReader(in_memory(), 0, processes), sum(pieces)))
    found, state = [], None
    for piece in pieces:
        reader = LineReader(in_memory(), 0, processes)
        if state is not None:
            reader.load_state_dict(json.loads(state))
        found += islice(reader, piece)
        state = json.dumps(reader.state_dict())
    assert found == wanted


def test_files_that_were_read_are_not_opened_again():
    opened = []

    def part(number):
        opened.append(number)
        return iter(FILES[number])

    def texts():
        return Texts("memory", [lambda number=number: part(number) for number in range(4)], (0,), 3)

    reader = LineReader(texts())
    list(islice(reader, 20))
    begun = list(opened)
    state = reader.state_dict()
    assert sorted(size for size in state["sizes"] if size) == sorted(len(FILES[part]) for part in begun[:-1])
    opened.clear()
    resumed = LineReader(texts())
    resumed.load_state_dict(state)
    next(resumed)
    assert opened == begun[-1:]
    opened.clear()
    whole = texts()
    first(whole, 25)
    assert first(whole, 3, 25 * 10**9) == first(in_memory(buffer=3), 3, 25 * 10**9)  # a billion epochs, not read


def test_a_state_of_other_files_is_refused():
    reader = LineReader(in_memory())
    with pytest.raises(ValueError, match=r"a corpus of 2 parts, and memory has 4. Restore the files"):
        reader.load_state_dict({"position": 3, "sizes": [1, None]})


def test_a_file_that_changes_between_epochs_is_noticed(tmp_path):
    texts = of(corpus(tmp_path / "c"))
    stream = texts.start()
    list(islice(stream, len(ALL)))
    with (tmp_path / "c" / "1.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(
        DataError, match=r"found 2 texts where there were 1 \(part 2 of 4\).*changed while it was in use"
    ):
        list(islice(stream, len(ALL) + 1))


# Sources


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_compressed_files_stream_as_plain_ones(tmp_path, suffix):
    plain, packed = corpus(tmp_path / "plain"), corpus(tmp_path / "packed", suffix=suffix)
    assert first(of(packed), 60) == first(of(plain), 60)
    assert first(of(packed), 9, 41) == first(of(plain), 9, 41)


def test_folders_globs_and_files_of_a_language(tmp_path):
    corpus(tmp_path / "tr" / "deep")
    (tmp_path / "tr" / ".cache").mkdir()
    (tmp_path / "tr" / ".cache" / "x").write_text("hidden\n")
    (tmp_path / "tr" / ".hidden").write_text("hidden\n")
    wanted = first(of(tmp_path / "tr" / "deep" / "*.txt"), 50)
    for path in (tmp_path / "tr", f"{tmp_path}/tr/", tmp_path / "*", tmp_path / "{lang}", tmp_path / "tr/deep/*"):
        assert first(of(path, code="Turkish"), 50) == first(of(tmp_path / "tr", code="tr"), 50)
    assert sorted(wanted) == sorted(first(of(tmp_path / "tr", code="tr"), 50))
    (tmp_path / "one.tr").write_text("bir\n")
    assert first(of(tmp_path / "one.{lang}", code="tr"), 2) == ["bir", "bir"]


def test_blank_lines_drop_out(tmp_path):
    lines = ["", "a", "  ", "\t", "b", "\u3000\u2003", "c"]
    texts = of(corpus(tmp_path / "c", [lines]), buffer=2)
    assert sorted(first(texts, 3)) == ["a", "b", "c"]
    list(texts.epoch(0))
    assert texts.size == 3


def test_one_column_of_tables(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "id": 1}\n{"text": " ", "id": 2}\n{"text": "b", "id": 3}\n')
    (tmp_path / "b.tsv").write_text("id\ttext\n4\tc\n")
    assert sorted(first(of(tmp_path), 3)) == ["a", "b", "c"]
    assert first(of(tmp_path / "b.tsv", columns={"text": "id"}), 1) == ["4"]
    with pytest.raises(DataError, match=r"found the columns id, text; expected a column 'body'.*columns=text:NAME"):
        first(of(tmp_path / "b.tsv", columns={"text": "body"}), 1)
    with pytest.raises(DataError, match=r"a.jsonl, line 1: found id = 1; expected text"):
        first(of(tmp_path / "a.jsonl", columns={"text": "id"}), 1)


def test_the_first_rows_only(tmp_path):
    texts = of(corpus(tmp_path / "c"), rows=9)
    assert sorted(first(texts, 9)) == sorted(ALL[:9])
    assert sorted(first(texts, 9, 9)) == sorted(ALL[:9])


def test_the_rows_after_the_first(tmp_path):
    texts = of(corpus(tmp_path / "c"), skip=3, rows=5)
    assert sorted(first(texts, 5)) == sorted(ALL[3:8])


def test_the_world():
    source = WorldSource(rows=40)
    texts = open_texts(TextStream(source=source, buffer=16), "tr", seed=0)
    sentences = load_text(source, ["tr"]).rows["tr"]["text"][:]
    assert sorted(first(texts, 40)) == sorted(sentences) != first(texts, 40)
    assert first(texts, 40) != first(open_texts(TextStream(source=source), "en", seed=0), 40)


def test_a_data_set_in_the_hubs_layout(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "web"
    (folder / "tur_Latn").mkdir(parents=True)
    card = "configs:\n- config_name: tur_Latn\n  data_files:\n  - split: train\n    path: tur_Latn/*.parquet\n"
    (folder / "README.md").write_text(f"---\n{card}---\n")
    for number, lines in enumerate(FILES):
        rows = datasets.Dataset.from_dict({"id": list(range(len(lines) + 1)), "text": [*lines, " "]})
        rows.to_parquet(folder / "tur_Latn" / f"{number:03}.parquet")
    stream = TextStream(source=HubSource(name=str(folder), config="tur_Latn"), buffer=4)
    texts = open_texts(stream, "tr", seed=0)
    assert len(texts.parts) == 4
    assert first(texts, 60) == first(of(corpus(tmp_path / "plain"), code="tr"), 60)
    assert first(open_texts(stream, "tr", seed=0), 5, 33) == first(texts, 5, 33)
    wrong = stream.model_copy(update={"source": stream.source.model_copy(update={"columns": {"text": "body"}})})
    with pytest.raises(DataError, match=r"found the columns id, text; expected a column 'body'"):
        open_texts(wrong, "tr", seed=0)
    wrong = stream.model_copy(update={"source": stream.source.model_copy(update={"columns": {"text": "id"}})})
    with pytest.raises(DataError, match=r"file \d, row 1: found id = 0; expected text"):
        first(open_texts(wrong, "tr", seed=0), 1)
    wrong = stream.model_copy(update={"source": stream.source.model_copy(update={"split": "dev"})})
    with pytest.raises(DataError, match=r"expected a data set with configuration 'tur_Latn' and split 'dev'"):
        open_texts(wrong, "tr", seed=0)
    with pytest.raises(ValueError, match=r"needs a revision"):
        open_texts(TextStream(source=HubSource(name="owner/web")), "tr", seed=0)


def test_json_lines_of_the_hub_are_checked_as_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "train.jsonl").write_text('{"text": "a"}\n{"text": null}\n')
    source = HubSource(name=str(tmp_path / "web"))
    with pytest.raises(DataError, match=r"file 1, row 2: found text = None; expected text"):
        first(open_texts(TextStream(source=source), "en", seed=0), 2)
    with pytest.raises(DataError, match=r"found the columns text; expected a column 'body'"):
        first(open_texts(TextStream(source=source.model_copy(update={"columns": {"text": "body"}})), "en", 0), 1)


# Bad input


def test_broken_utf8_names_file_and_line(tmp_path):
    folder = corpus(tmp_path / "c")
    (folder / "2.txt").write_bytes(b"good\n\ncaf\xe9\n")
    with pytest.raises(DataError, match=r"2.txt, line 3: found byte 0xE9 at byte 4") as caught:
        first(of(folder), 60)
    assert (caught.value.file, caught.value.line) == (folder / "2.txt", 3)


def test_no_text_at_all(tmp_path):
    folder = corpus(tmp_path / "c", [["", " "], [" "]])
    with pytest.raises(DataError, match=r"found only blank lines; expected at least one text"):
        first(of(folder), 1)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match=r"nothing: found no file in it; expected a folder of text files"):
        of(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"absent: found no such file"):
        of(tmp_path / "absent")
    with pytest.raises(DataError, match=r"found no file for language 'sw' \(there are c, nothing\)"):
        of(tmp_path / "{lang}", code="sw")


def test_options_of_task_rows_are_refused(tmp_path):
    for option, value in (("layout", "xnli"), ("labels", ("0", "1")), ("aligned", True)):
        with pytest.raises(ValueError, match=rf"a stream is plain text, without {option}. Leave it out"):
            of(corpus(tmp_path / option), **{option: value})


def test_the_fingerprint_is_of_all_files(tmp_path):
    folder = corpus(tmp_path / "c")
    sources = [parse_source(f"file:{folder}"), parse_source(f"file:{folder}/*.txt")]
    before = [fingerprint(source, ["en"]) for source in sources]
    assert before[0] == before[1]
    (folder / "3.txt").write_text("changed\n")
    assert all(fingerprint(source, ["en"]) != before[0] for source in sources)
    assert fingerprint(FileSource(path=str(folder / "0.txt")), ["en"]) != before[0]


def test_large_files_are_hashed_again_only_when_they_change(tmp_path, monkeypatch):
    read, piece = [], contents._Held.piece

    def counted(held, start, size):
        found = piece(held, start, size)
        read.extend([found] if found else [])
        return found

    monkeypatch.setattr(contents._Held, "piece", counted)
    monkeypatch.setattr(contents, "_LARGE", 10)
    folder = corpus(tmp_path / "c", [["small"], ["a larger file"]])
    os.utime(folder / "1.txt", ns=(0, 0))  # one that was just written is not held
    source = FileSource(path=str(folder))
    before = fingerprint(source, ["en"])
    assert fingerprint(source, ["en"]) == before
    assert read == [b"a larger file\n"]
    (folder / "1.txt").write_text("a changed file\n")
    os.utime(folder / "1.txt", ns=(1, 1))
    after = fingerprint(source, ["en"])
    assert after != before
    assert fingerprint(source, ["en"]) == after
    assert read[1:] == [b"a changed file\n"]

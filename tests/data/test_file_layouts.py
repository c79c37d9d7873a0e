"""Every layout of task files, by small files written as the benchmarks write them, with the exact rows expected."""

import csv
import gzip
import json

import pytest

from polydistill.data.rows.files import load_files
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE, RowShape
from polydistill.data.rows.sources import FileSource

PARSES = ["( a )", "( b )", "(ROOT a)", "(ROOT b)"]
MULTINLI_HEADER = [
    *("gold_label", "sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse", "sentence2_parse"),
    *("sentence1", "sentence2", "promptID", "pairID", "genre", "label1", "label2", "label3", "label4", "label5"),
]
XNLI_HEADER = ["language", *MULTINLI_HEADER, "sentence1_tokenized", "sentence2_tokenized", "match"]


def write(path, rows, newline="\n"):
    path.write_bytes("".join("\t".join(row) + newline for row in rows).encode())
    return str(path)


def read(path, languages=("en",), shape=PAIR_OF_SENTENCES, **options):
    corpus = load_files(FileSource(path=str(path), **options), shape, list(languages))
    columns = [*shape.texts, "label"]
    rows = {
        code: [tuple(row[name] for name in columns if name in row) for row in data]
        for code, data in corpus.rows.items()
    }
    return corpus, rows


def multinli_row(label, premise, hypothesis, *annotators):
    return [label, *PARSES, premise, hypothesis, "31193", "31193n", "government", *annotators]


def test_multinli_tsv_train(tmp_path):
    rows = [
        MULTINLI_HEADER,
        multinli_row("neutral", 'He said "hi.', "Work. ", "neutral"),  # rows of the training set are short
        multinli_row("-", "No", "agreement", "neutral", "entailment"),
        multinli_row("contradiction", '"All of it', "n/a", *["contradiction"] * 5),
    ]
    path = write(tmp_path / "multinli_1.0_train.txt", rows)
    corpus, got = read(path)
    assert got["en"] == [('He said "hi.', "Work. ", 1), ('"All of it', "n/a", 2)]
    assert corpus.skipped == {"en": {"no gold label": 1}}
    assert corpus.rows["en"].column_names == ["premise", "hypothesis", "label"]


def test_multinli_jsonl(tmp_path):
    path = tmp_path / "multinli_1.0_dev_matched.jsonl"
    records = [
        {"annotator_labels": ["entailment"], "gold_label": "entailment", "sentence1": "A\u2028b", "sentence2": "ä"},
        {"annotator_labels": [], "gold_label": "-", "sentence1": "x", "sentence2": "y"},
    ]
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records) + "\n", "utf-8")
    corpus, got = read(path)
    assert got["en"] == [("A\u2028b", "ä", 0)]
    assert corpus.skipped == {"en": {"no gold label": 1}}


def xnli_row(language, label, premise, hypothesis):
    return [language, label, *[""] * 4, premise, hypothesis, "1", "1", "fiction", *[label] * 5, "t", "t", "True"]


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_original_xnli_has_all_languages_in_one_file(tmp_path, form):
    rows = [
        XNLI_HEADER,
        xnli_row("ar", "neutral", "ا", "ب"),
        xnli_row("ar", "entailment", "ت", "ث"),
        xnli_row("tr", "neutral", "bir", "iki"),
        xnli_row("tr", "entailment", "üç", "dört"),
        xnli_row("xx", "neutral", "other", "language"),
    ]
    path = tmp_path / f"xnli.dev.{form}"
    if form == "tsv":
        write(path, rows)
    else:
        path.write_text("\n".join(json.dumps(dict(zip(XNLI_HEADER, row, strict=True))) for row in rows[1:]), "utf-8")
    corpus, got = read(path, ["tr", "ar"])
    assert got == {"tr": [("bir", "iki", 1), ("üç", "dört", 0)], "ar": [("ا", "ب", 1), ("ت", "ث", 0)]}
    assert corpus.languages == ("tr", "ar")
    assert corpus.aligned


def test_machine_translated_training_set(tmp_path):
    rows = [["premise", "hypo", "label"], ["uno", "dos", "contradictory"], ["tres", "", "Entailment"]]
    write(tmp_path / "multinli.train.es.tsv", rows)
    _, got = read(tmp_path / "multinli.train.{lang}.tsv", ["es"])
    assert got["es"] == [("uno", "dos", 2), ("tres", "", 0)]


def test_xtreme_files_are_unquoted_as_the_csv_module_wrote_them(tmp_path):
    rows = [
        ('He said "hi".', "plain", "neutral"),
        ('"All"', "it's", "contradiction"),
        ('"', '""', "entailment"),
    ]
    for name, width in (("dev-en.tsv", 3), ("test-en.tsv", 2)):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="\t").writerows(row[:width] for row in rows)
    _, dev = read(tmp_path / "dev-{lang}.tsv")
    assert dev["en"] == [('He said "hi".', "plain", 1), ('"All"', "it's", 2), ('"', '""', 0)]
    corpus, test = read(tmp_path / "test-{lang}.tsv")
    assert test["en"] == [row[:2] for row in rows]
    assert corpus.rows["en"].column_names == ["premise", "hypothesis"]


def test_headerless_takes_quotes_as_text(tmp_path):
    path = write(tmp_path / "train-en.tsv", [['"a" b', '"c"', "neutral"]])
    _, got = read(path, layout="headerless")
    assert got["en"] == [('"a" b', '"c"', 1)]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_headed_file_a_language(tmp_path, newline):
    for code, text in (("en", "one"), ("de", '"eins'), ("zho-CN", "一")):
        rows = [["premise", "hypothesis", "label"], [text, "b\x85\x0cc\rd", "neutral"], ["x", "y", "CONTRADICTION"]]
        write(tmp_path / f"dev-{code}.tsv", rows, newline)
    corpus, got = read(tmp_path / "dev-{lang}.tsv", ["de", "en", "zh"])
    assert got["de"] == [('"eins', "b\x85\x0cc\rd", 1), ("x", "y", 2)]
    assert got["zh"][0][0] == "一"
    assert corpus.aligned
    assert corpus.counts == {"de": 2, "en": 2, "zh": 2}


def test_byte_order_mark_and_trailing_blank_lines_do_not_count(tmp_path):
    path = tmp_path / "dev.tsv"
    path.write_bytes("\ufeffpremise\thypothesis\tlabel\na\tb\tneutral\n\n\r\n".encode())
    assert read(path)[1]["en"] == [("a", "b", 1)]


def test_gzip(tmp_path):
    path = tmp_path / "dev.tsv.gz"
    path.write_bytes(gzip.compress(b"premise\thypothesis\tlabel\na\tb\tneutral\n"))
    assert read(path)[1]["en"] == [("a", "b", 1)]


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_any_columns_by_mapping(tmp_path, form):
    path = tmp_path / f"rows.{form}"
    header, rows = (
        ["id", "lang", "left", "right", "y"],
        [["1", "Turkish", "a, b", "c", "n"], ["2", "eng", "d", "e", "c"]],
    )
    if form == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
    elif form == "tsv":
        write(path, [header, *rows])
    else:
        path.write_text("\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows), "utf-8")
    columns = {"premise": "left", "hypothesis": "right", "label": "y", "language": "lang"}
    corpus, got = read(path, ["tr", "en"], columns=columns, labels=("e", "n", "c"))
    assert got == {"tr": [("a, b", "c", 1)], "en": [("d", "e", 2)]}
    assert not corpus.aligned  # as many rows, but other labels


def test_csv_text_with_line_breaks_and_quotes(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b'premise,hypothesis,label\r\n"a\nb ""c""",d,neutral\r\n')
    assert read(path)[1]["en"] == [('a\nb "c"', "d", 1)]


def test_other_shapes(tmp_path):
    paraphrase = RowShape(("sentence1", "sentence2"), ("different", "paraphrase"))
    path = write(tmp_path / "dev-en.tsv", [["sentence1", "sentence2", "label"], ["a", "b", "1"], ["c", "d", "0"]])
    assert read(path, shape=paraphrase, labels=("0", "1"))[1]["en"] == [("a", "b", 1), ("c", "d", 0)]
    stars = RowShape(("text",), ("1", "2", "3", "4", "5"))
    path = tmp_path / "stars.jsonl"
    path.write_text('{"text": "good", "label": 5}\n{"text": "bad", "label": "1"}\n')
    assert read(path, shape=stars)[1]["en"] == [("good", 4), ("bad", 0)]
    assert read(path, shape=SENTENCE)[1]["en"] == [("good",), ("bad",)]


def test_the_glue_release_has_the_label_last(tmp_path):
    header = [*MULTINLI_HEADER[1:11], "gold_label"]
    path = write(tmp_path / "train.tsv", [header, [*multinli_row("", "p", "h", "neutral")[1:], "neutral"]])
    assert read(path)[1]["en"] == [("p", "h", 1)]


def test_rows_takes_the_first(tmp_path):
    path = write(
        tmp_path / "d.tsv", [["premise", "hypothesis", "label"], *[[str(n), "h", "neutral"] for n in range(9)]]
    )
    assert [row[0] for row in read(path, rows=2)[1]["en"]] == ["0", "1"]
    assert len(read(path, rows=99)[1]["en"]) == 9


def test_more_rows_than_a_chunk(tmp_path):
    rows = [["premise", "hypothesis", "label"], *[[f"p{n}", f"h{n}", "neutral"] for n in range(20000)]]
    _, got = read(write(tmp_path / "dev.tsv", rows))
    assert got["en"] == [(f"p{n}", f"h{n}", 1) for n in range(20000)]


def test_equal_tables_have_equal_fingerprints_for_the_datasets_library(tmp_path):
    header = ["premise", "hypothesis", "label"]
    prints = []
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        corpus, _ = read(write(tmp_path / f"{name}.tsv", [header, [text, "h", "neutral"]]))
        prints.append(corpus.rows["en"]._fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_alignment_claimed_denied_and_found(tmp_path):
    header = ["premise", "hypothesis", "label"]
    write(tmp_path / "a-en.tsv", [header, ["a", "b", "neutral"], ["c", "d", "neutral"]])
    write(tmp_path / "a-de.tsv", [header, ["a", "b", "neutral"]])
    write(tmp_path / "b-en.tsv", [header, ["a", "b", "neutral"]])
    write(tmp_path / "b-de.tsv", [header, ["a", "b", "neutral"]])
    both = ["en", "de"]
    assert not read(tmp_path / "a-{lang}.tsv", both)[0].aligned
    assert read(tmp_path / "b-{lang}.tsv", both)[0].aligned
    assert not read(tmp_path / "b-{lang}.tsv", both, aligned=False)[0].aligned
    with pytest.raises(ValueError, match=r"found row counts 2 \(en\), 1 \(de\); .*say aligned=false"):
        read(tmp_path / "a-{lang}.tsv", both, aligned=True)

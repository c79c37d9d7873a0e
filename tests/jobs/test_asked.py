"""Anybody's rows, labels and languages, as a new user would try them: from Python and from the command line."""

import json
import shlex
from pathlib import Path

import pandas
import pytest
from typer.testing import CliRunner

import polydistill
from polydistill.cli import app
from polydistill.tasks import TaskSpec
from tiny import tiny_network, tiny_tokenizer

TEXTS = ("A dog sleeps.", "Ann sings.", "It broke.", "I like it.", "Where is it?", "Nobody came.")


def rows(text, label, values, more=None):
    """Six rows with these columns."""
    return [{text: TEXTS[at], label: values[at % len(values)], **(more or {})} for at in range(6)]


def pairs(first, second, label, values):
    return rows(first, label, values, {second: "It is a dog."})


def tagged(tokens, tags, values):
    return [{tokens: [f"w{n}" for n in range(len(values))], tags: list(values)}] * 2


def text(*labels, **more):
    return TaskSpec(kind="text", labels=labels, **more)


def pair(*labels, **more):
    return TaskSpec(kind="pair", labels=labels, **more)


def tags(*labels):
    return TaskSpec(kind="tags", labels=labels)


BIO = ("O", "B-PER", "I-PER", "B-MISC")
MARC = {"review_title": "A", "product_category": "b"}
SOFT = [{"yes": 0.7, "no": 0.3}, {"yes": 0.2, "no": 0.8}]
# what the rows are, in which language, what is said beside, and the task that is found (or what the error says)
CASES = {
    "two labels": (rows("text", "label", ["pos", "neg"]), "en", "", text("neg", "pos")),
    "three labels": (rows("text", "label", ["pos", "neg", "neutral"]), "de", "", text("neg", "neutral", "pos")),
    "six intents": (rows("text", "intent", list("abcdef")), "tr", "", text(*"abcdef")),
    "whole numbers": (rows("text", "label", [0, 1, 2]), "sw", "", text("0", "1", "2")),
    "numbers past ten are in their order": (rows("text", "label", [2, 10, 1]), "fr", "", text("1", "2", "10")),
    "numbers with a point": (rows("text", "label", [1.0, 2.0]), "es", "", text("1", "2")),
    "stars of three": (rows("review", "stars", [1, 2, 3]), "ar", "", text("1", "2", "3")),
    "yes and no": (rows("sentence", "label", ["Yes", "No"]), "zh", "", text("No", "Yes")),
    "labels in their own script": (rows("text", "label", ["да", "нет"]), "ru", "", text("да", "нет")),
    "spaces in labels": (rows("text", "label", ["not ok", "very good"]), "en", "", text("not ok", "very good")),
    "a column of labels": (rows("text", "labels", ["a", "b"]), "en", "", text("a", "b")),
    "gold_label": (rows("text", "gold_label", ["a", "b"]), "en", "", text("a", "b")),
    "category": (rows("content", "category", ["a", "b"]), "en", "", text("a", "b")),
    "sentiment of tweets": (rows("tweet", "sentiment", ["a", "b"]), "hi", "", text("a", "b")),
    "labels named in an order": (rows("text", "label", ["a", "b"]), "en", "--labels b,a,c", text("b", "a", "c")),
    "labels mapped": (
        rows("text", "label", ["p", "n"]),
        "en",
        "--labels neg,pos --map-labels p=pos,n=neg",
        text("neg", "pos", spellings=(("p", "pos"), ("n", "neg"))),
    ),
    "columns named": (rows("body_en", "y", ["a", "b"]), "en", "--columns text=body_en,label=y", text("a", "b")),
    "several labels in a list": (
        rows("text", "label", [["a", "b"], ["c"], []]),
        "en",
        "--task text:several",
        text("a", "b", "c", problem="several"),
    ),
    "several labels in a text": (
        rows("text", "label", ["a, b", "c", "a;c"]),
        "en",
        "--task text:several",
        text("a", "b", "c", problem="several"),
    ),
    "several labels in a list, found": (
        rows("text", "labels", [["a", "b"], ["c"], []]),
        "en",
        "",
        text("a", "b", "c", problem="several"),
    ),
    "several labels by column": (
        [{"comment": TEXTS[at], "toxic": at % 2, "threat": at % 3 == 0} for at in range(6)],
        "en",
        "--task text:several --labels toxic,threat --columns text=comment",
        text("toxic", "threat", problem="several"),
    ),
    "columns of labels without their names": (
        [{"text": TEXTS[at], "toxic": at % 2, "threat": at % 3} for at in range(6)],
        "en",
        "--task text:several",
        r"Name them: --labels neg,pos\. \(Columns of these names may hold 0 or 1",
    ),
    "several labels of pairs": (
        pairs("premise", "hypothesis", "label", [["a"], ["b", "a"]]),
        "en",
        "",
        pair("a", "b", problem="several"),
    ),
    "several labels where one is asked for": (
        rows("text", "labels", [["a", "b"], ["c"]]),
        "en",
        "--task text",
        r"found the labels \['a', 'b'\]; expected one label.*--task text:several",
    ),
    "a number that is not whole": (rows("text", "score", [1, 2.5]), "en", "", text(problem="number")),
    "similarity, found": (pairs("sentence1", "sentence2", "score", [0.1, 4.9]), "en", "", pair(problem="number")),
    "fractions that are labels": (rows("text", "label", [0.5, 1.0]), "en", "--labels 0.5,1", text("0.5", "1")),
    "labels counted from 0": (
        rows("text", "label", [0, 2, 1]),
        "en",
        "--labels neg,neutral,pos",
        text("neg", "neutral", "pos", spellings=(("0", "neg"), ("1", "neutral"), ("2", "pos"))),
    ),
    "tags counted from 0": (
        tagged("tokens", "ner_tags", [0, 1, 2]),
        "en",
        "--labels O,B-MISC,B-PER",
        TaskSpec(
            kind="tags",
            labels=("O", "B-MISC", "B-PER"),
            spellings=(("0", "O"), ("1", "B-MISC"), ("2", "B-PER")),
        ),
    ),
    "a rating as a number": (rows("text", "score", [1, 2.5]), "en", "--task text:number", text(problem="number")),
    "similarity": (pairs("sentence1", "sentence2", "score", [0.1, 4.9]), "en", "--task score", pair(problem="number")),
    "a reranker's rows": (pairs("query", "passage", "label", [0, 1]), "en", "--task score", pair(problem="number")),
    "nli by name": (pairs("premise", "hypothesis", "label", ["entailment", "neutral"]), "en", "", "nli"),
    "nli in MultiNLI's columns": (
        pairs("sentence1", "sentence2", "gold_label", ["contradiction", "neutral"]),
        "en",
        "",
        "nli",
    ),
    "pairs with two labels": (pairs("premise", "hypothesis", "label", ["yes", "no"]), "en", "", pair("no", "yes")),
    "pairs of questions": (pairs("question1", "question2", "label", [0, 1]), "en", "", pair("0", "1")),
    "query and passage": (pairs("query", "passage", "label", ["rel", "not"]), "ja", "", pair("not", "rel")),
    "our own columns of pairs": (pairs("text", "text_pair", "label", ["x", "y"]), "ko", "", pair("x", "y")),
    "columns of pairs named": (
        pairs("a", "b", "c", ["x", "y"]),
        "en",
        "--columns text=a,text_pair=b,label=c",
        pair("x", "y"),
    ),
    "pairs read as one text": (
        pairs("text", "text_pair", "label", ["x", "y"]),
        "en",
        "--task text",
        "The rows are pairs: of text and text_pair the task text reads text alone. Take --task pair",
    ),
    "one text of a pair, named": (
        pairs("text", "text_pair", "label", ["x", "y"]),
        "en",
        "--task text --columns text=text",
        text("x", "y"),
    ),
    "entities of WikiAnn": (tagged("tokens", "ner_tags", BIO[:3]), "en", "", "ner"),
    "entities with MISC": (tagged("tokens", "ner_tags", BIO), "de", "", tags("B-MISC", "B-PER", "I-PER", "O")),
    "MISC by name": (tagged("tokens", "ner_tags", BIO), "en", "--task tags --labels " + ",".join(BIO), tags(*BIO)),
    "parts of speech": (tagged("tokens", "upos", ["NOUN", "VERB"]), "fi", "--task tags", tags("NOUN", "VERB")),
    "words and tags": (tagged("words", "tags", ["X", "Y"]), "en", "--task tags", tags("X", "Y")),
    "soft labels": (rows("text", "labels", SOFT), "en", "", text("no", "yes")),
    "soft labels by column": (
        rows("text", "p_yes", [0.25], {"p_no": 0.75}),
        "en",
        "",
        text("no", "yes"),
    ),
    "logits by column": (rows("text", "logit_a", [2.5], {"logit_b": -1.0}), "en", "", text("a", "b")),
    "stars of MARC": (
        rows("review_body", "stars", [1, 5], MARC),
        "en",
        "",
        "stars",
    ),
    "unknown columns": (rows("foo", "bar", ["a", "b"]), "en", "", r"columns (foo, bar|bar, foo).*--columns text=NAME"),
    "labels that the model lacks": (
        rows("text", "label", ["a", "b", "d"]),
        "en",
        "--labels a,b,c",
        r"rows have d, which the labels that are named \(a, b, c\) lack; no row has c\. Say .* \(--map-labels 'd=c'\)",
    ),
    "an unknown task": (
        rows("text", "label", ["a", "b"]),
        "en",
        "--task txt",
        "Unknown task 'txt'. Did you mean 'text'",
    ),
    "a mapping to no label": (
        rows("text", "label", ["a", "b"]),
        "en",
        "--map-labels a=z,b=q",
        "--map-labels leads to z, q, which no row has",
    ),
    "a mapping to labels that are named": (
        rows("text", "label", ["a", "b"]),
        "en",
        "--labels z,q --map-labels a=z,b=q",
        text("z", "q", spellings=(("a", "z"), ("b", "q"))),
    ),
    "labels of a named task": (
        rows("text", "label", ["a", "b"]),
        "en",
        "--task nli --labels a,b",
        "The task nli has its own labels",
    ),
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    tiny_network(head="mlm").float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def options(written):
    """The options of the command line as Python has them."""
    words = shlex.split(written)
    return {name[2:].replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)}


@pytest.mark.parametrize("case", CASES)
def test_rows_in_memory(encoder, case):
    given, language, more, expected = CASES[case]
    if isinstance(expected, str) and expected not in ("nli", "ner", "stars"):
        with pytest.raises(ValueError, match=expected):
            polydistill.tune.run(encoder, given, language, **options(more))
    else:
        frame = given if isinstance(next(iter(given[0].values())), list) else pandas.DataFrame(given)
        run = polydistill.tune.run(encoder, frame, language, **options(more))
        assert run.method.task == expected


@pytest.mark.parametrize("case", CASES)
def test_rows_in_a_file(encoder, case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given, language, more, expected = CASES[case]
    Path("rows.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in given), encoding="utf-8"
    )
    command = f"tune --model {encoder} --train rows.jsonl --langs {language} {more} --print"
    said = CliRunner(env={"COLUMNS": "2000"}).invoke(app, shlex.split(command))
    if isinstance(expected, str) and expected not in ("nli", "ner", "stars"):
        assert said.exit_code != 0
        with pytest.raises(AssertionError, match=expected):
            raise AssertionError(" ".join(said.output.split()))
    else:
        assert said.exit_code == 0, said.output
        task = json.loads(said.stdout)["method"]["task"]
        assert (task if isinstance(expected, str) else TaskSpec.model_validate(task)) == expected


def test_lines_of_conll_are_found(encoder, tmp_path):
    lines = "-DOCSTART- -X- -X- O\n\nAnn NNP B-NP B-PER\nis VBZ B-VP O\nGerman JJ B-AP B-MISC\n\n"
    (tmp_path / "en.conll").write_text(lines, encoding="utf-8")
    assert polydistill.tune.run(encoder, tmp_path / "en.conll", "en").method.task == tags("B-MISC", "B-PER", "O")
    (tmp_path / "en.tsv").write_text("Ann\tB-PER\nis\tO\n", encoding="utf-8")
    assert polydistill.tune.run(encoder, tmp_path / "en.tsv", "en").method.task == "ner"


def test_there_are_enough_combinations():
    assert len(CASES) >= 40


def test_columns_that_are_called_as_the_labels_are_learned(encoder, tmp_path):
    frame = pandas.DataFrame({"text": TEXTS, "toxic": [1, 0] * 3, "threat": [True, True, False] * 2})
    more = {"task": "text:several", "labels": "toxic,threat", "steps": 1}
    done = polydistill.tune(encoder, frame, "en", out=tmp_path / "tuned", **more)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for given in (frame, tmp_path / "rows.csv"):
        f1, *_ = polydistill.evaluate(done.model, given, "en")
        assert [there for _, _, there in f1.by_label] == [3, 4]
    with pytest.raises(ValueError, match=r"shares that sum to 2; .* name the task text:several"):
        polydistill.tune(encoder, frame, "en", labels="toxic,threat", out=tmp_path / "single", steps=1)


@pytest.mark.parametrize("blank", [None, ""])
def test_a_row_without_a_label_is_no_class_of_its_own(encoder, blank):
    frame = pandas.DataFrame({"text": TEXTS, "label": ["a", "b", "a", "b", "a", blank]})
    with pytest.raises(ValueError, match=r"row 6: found label ''; expected one of a, b\."):
        polydistill.tune.run(encoder, frame, "en")


def test_tables_and_one_text_are_taken_row_by_row(encoder, tmp_path):
    frame = pandas.DataFrame({"review": TEXTS, "stars": ["a", "b"] * 3})
    done = polydistill.tune(encoder, frame, "en", out=tmp_path / "tuned", steps=1)
    of_list = [one.line for one in polydistill.predict(done.model, list(TEXTS))]
    assert [one.line for one in polydistill.predict(done.model, frame)] == of_list
    both = polydistill.xd.run(done.model, data={"en": frame, "de": frame[::-1]})
    assert (both.method.source_language, both.method.languages) == ("en", ("en", "de"))
    asked = frame.rename(columns={"review": "other"})
    assert [one.line for one in polydistill.predict(done.model, asked, columns={"text": "other"})] == of_list
    for one in (TEXTS[0], {"review": TEXTS[0]}):
        assert [said.line for said in polydistill.predict(done.model, one)] == of_list[:1]

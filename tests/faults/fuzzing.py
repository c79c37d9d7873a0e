"""What a person may give, mutated: rows in every layout, runs, settings, sources, parallel text, models' files.

    python tests/faults/fuzzing.py --cases 20000 --seed 1

A case is good or is refused in words (ValueError or OSError). What is read must be what rows are: texts that can be
written, labels that there are.
"""

import argparse
import copy
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from polydistill.cli.app import one_line
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import SENTENCE, Corpus
from polydistill.data.rows.sources import FileSource, WorldSource, format_source, parse_source
from polydistill.data.translations.corpora import load_corpora
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.given import as_corpora
from polydistill.methods.tuning import TuneSpec
from polydistill.starts.loading import load_classifier
from polydistill.starts.origins import Fresh
from polydistill.starts.sentence import load_sentence_encoder
from polydistill.tasks import TASKS, TaskSpec, task_of
from polydistill.training.edit import changed, read_run
from polydistill.training.run import Run
from polydistill.training.settings import Judging, Training

NUMBERS = (0, -1, 3, 10**13, -(10**30), 0.5, 1e308, -1e-308, math.inf, math.nan)
TEXTS = ("", " ", "\ud83d", "\x00", "\x1b[2J", "é" * 9, "[/b]", "{lang}", "../x", "nan", "1e999", "[", "-", "en", "xx")
ODD = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.text(max_size=4),
    st.sampled_from(([], {}, [[]], [None], {"a": 1}, [0, 1, 2], {"text": ["a"], "answer_start": [10**20]})).map(
        copy.deepcopy  # else a later change would put it into itself
    ),
)  # fmt: skip
BYTES = st.sampled_from(
    (b"\n", b"\t", b'"', b",", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"{", b"]", b"\\ud83d", b"9" * 5_000)
)


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: what holds it, and under which key."""
    keys = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in list(keys):
        yield document, key
        yield from places(value)


@st.composite
def documents(draw: Any, document: Any) -> Any:
    """A document of JSON with one to three places changed."""
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        there = list(places(made))
        if not there:
            return draw(ODD)
        holder, key = there[draw(st.integers(0, len(there) - 1))]
        match draw(st.sampled_from(("put", "put", "remove", "wrap", "rename"))):
            case "put":
                holder[key] = draw(ODD)
            case "remove":
                del holder[key]
            case "wrap":
                holder[key] = [holder[key]]
            case "rename" if isinstance(holder, dict):
                holder[draw(st.sampled_from(TEXTS))] = holder.pop(key)
    return made


@st.composite
def contents(draw: Any, content: bytes) -> bytes:
    """The bytes of a file with one to three pieces changed."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 12))
        match draw(st.sampled_from(("put", "remove", "twice", "cut"))):
            case "put":
                content = content[:start] + draw(BYTES) + content[start:]
            case "remove":
                content = content[:start] + content[end:]
            case "twice":
                content = content[:end] + content[start:]
            case "cut":
                content = content[:start]
    return content


def written(document: Any) -> bytes:
    """A document as JSON, whatever it holds."""
    return json.dumps(document).encode("utf-8", "surrogatepass")


def refused(read: Callable[[], Any]) -> Any:
    """What is read; none where it was refused in words."""
    try:
        return read()
    except (ValueError, OSError) as error:
        said = one_line(error)
        assert said and "\n" not in said and said.isprintable(), said
        return None


_NLI = {"premise": "A dog sleeps.", "hypothesis": "It is awake.", "label": "contradiction"}
_QA = {"question": "Who?", "context": "Ann saw Bo.", "answers": {"text": ["Ann"], "answer_start": [0]}}
_COPA = {"premise": "A", "question": "cause", "choice1": "B", "choice2": "C", "label": 0}
_ASKED = {"id": "1", "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}]}
_SQUAD = {"data": [{"title": "a", "paragraphs": [{"context": "Ann saw Bo.", "qas": [_ASKED]}]}]}
_SHARES = {"neg": 0.2, "pos": 0.8}
_TEXT = TaskSpec(kind="text", labels=("neg", "pos"))
_SEVERAL = TaskSpec(kind="text", problem="several", labels=("a", "b", "c"))
_SCORE = TaskSpec(kind="pair", problem="number")
_TAGS = TaskSpec(kind="tags", labels=("O", "NOUN", "VERB"))
ROWS: dict[str, tuple[Any, str, Any]] = {
    "nli.jsonl": ("nli", "jsonl", [_NLI, {**_NLI, "label": "neutral"}]),
    "nli.tsv": ("nli", "tsv", b"premise\thypothesis\tlabel\nA dog sleeps.\tIt is awake.\tneutral\nB\tC\t-\n"),
    "nli.csv": ("nli", "csv", b'premise,hypothesis,label\n"A, b.",It,neutral\nB,C,entailment\n'),
    "xnli.tsv": ("nli", "tsv", b"language\tgold_label\tsentence1\tsentence2\nen\tneutral\tA\tB\nfr\tneutral\tC\tD\n"),
    "multinli.jsonl": ("nli", "jsonl", [{"gold_label": "neutral", "sentence1": "A", "sentence2": "B"}]),
    "mt.tsv": ("nli", "tsv", b"premise\thypo\tlabel\nA\tB\tcontradictory\n"),
    "xtreme.tsv": ("nli", "tsv", b'A dog\t"It ""is"" so"\tneutral\nB\tC\tentailment\n'),
    "pawsx.tsv": ("paraphrase", "tsv", b'id\tsentence1\tsentence2\tlabel\n1\tA\t"B ""c"""\t0\n2\tC\tNS\t1\n'),
    "marc.csv": ("stars", "csv", b"stars,review_body,review_title,language,product_category\n5,Good.,Yes,en,book\n"),
    "marc.jsonl": ("stars", "jsonl", [{"stars": "3", "review_body": "Fine.", "review_title": "", "language": "en"}]),
    "copa.jsonl": ("choice", "jsonl", [_COPA]),
    "squad.json": ("qa", "json", _SQUAD),
    "qa.jsonl": ("qa", "jsonl", [_QA, _QA]),
    "ner.tsv": ("ner", "tsv", b"en:Ann\tB-PER\nen:sees\tO\n\nen:Bo\tB-PER\n"),
    "ner.jsonl": ("ner", "jsonl", [{"tokens": ["Ann", "sees"], "ner_tags": [1, 0]}]),
    "tags.jsonl": (_TAGS, "jsonl", [{"tokens": ["Ann", "sees"], "tags": ["NOUN", "VERB"]}]),
    "text.csv": (_TEXT, "csv", b"text,label\nGood.,pos\nBad.,neg\n"),
    "soft.jsonl": (_TEXT, "jsonl", [{"text": "A", "label": _SHARES}, {"text": "B", "label": {"pos": 1}}]),
    "logits.jsonl": (_TEXT, "jsonl", [{"text": "Good.", "logits": {"neg": -1.5, "pos": 2}}]),
    "several.jsonl": (_SEVERAL, "jsonl", [{"text": "A", "labels": ["a", "c"]}, {"text": "B", "labels": [0, 1, 1]}]),
    "score.jsonl": (_SCORE, "jsonl", [{"sentence1": "A", "sentence2": "B", "score": 2.5}]),
    "text.txt": (None, "txt", b"A dog sleeps.\nIt is awake.\n"),
    "text.tsv": (None, "tsv", b"text\nA dog sleeps.\n"),
}  # fmt: skip


class Cases:
    """Where cases are written to, and what is tried; one method a family."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        labels = TASKS["nli"].shape.labels
        self.run = Run(
            name="a run",
            method=TuneSpec(languages=("en", "fr"), data=WorldSource(rows=9), max_length=64),
            start=Fresh(),
            training=Training(steps=3, evaluate_every=1),
            selection=Judging(languages=("en",), data=FileSource(path="dev.tsv", labels=labels), max_length=64),
        ).model_dump(mode="json")
        self.model: Path | None = None

    def file(self, name: str, content: bytes) -> Path:
        """A file of its own: what was read of one is remembered by its path."""
        self.number += 1
        place = self.folder / str(self.number % 50)
        place.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
        return place / name

    def rows(self, data: st.DataObject) -> None:
        """Files of rows in every layout."""
        name = data.draw(st.sampled_from(sorted(ROWS)))
        task, kind, example = ROWS[name]
        if isinstance(example, bytes):
            content = data.draw(contents(example))
        elif kind == "jsonl" and data.draw(st.booleans()):
            content = b"\n".join(written(data.draw(documents(row))) for row in example)
        elif kind == "json" and data.draw(st.booleans()):
            content = written(data.draw(documents(example)))
        else:
            content = data.draw(contents(b"\n".join(map(written, example)) if kind == "jsonl" else written(example)))
        languages = data.draw(st.sampled_from((["en"], ["en"], ["en", "fr"])))
        shape = SENTENCE if task is None else task_of(task).shape
        source = FileSource(path=str(self.file(name, content)))
        corpus = refused(lambda: load_rows(source, shape, languages))
        if corpus is not None:
            check_rows(corpus)

    def runs(self, data: st.DataObject) -> None:
        """Files of runs, as JSON and as YAML."""
        if data.draw(st.booleans()):
            content = written(data.draw(documents(self.run)))
        else:
            content = data.draw(contents(json.dumps(self.run).encode()))
        file = self.file(data.draw(st.sampled_from(("run.json", "run.yaml"))), content)
        run = refused(lambda: read_run(file))
        assert run is None or Run.model_validate_json(run.model_dump_json()) == run

    def settings(self, data: st.DataObject) -> None:
        """Changes by `--set`."""
        names = sorted(set(_paths(self.run)))
        path = data.draw(st.one_of(st.sampled_from(names), st.text(max_size=9)))
        value = data.draw(st.one_of(ODD.map(json.dumps), st.text(max_size=6)))
        run = refused(lambda: changed(Run.model_validate(self.run), [f"{path}={value}"]))
        assert run is None or Run.model_validate_json(run.model_dump_json()) == run

    def sources(self, data: st.DataObject) -> None:
        """The short forms of sources."""
        example = data.draw(st.sampled_from(
            ("world:mini?rows=20&split=dev", "file:a/{lang}.tsv?layout=xnli&labels=a,b,c", "hub:a/b@" + "0" * 40,
             "file:rows.csv?columns=premise:first,hypothesis:second&aligned=true&rows=3")
        ))  # fmt: skip
        text = data.draw(contents(example.encode())).decode("utf-8", "replace")
        source = refused(lambda: parse_source(text))
        assert source is None or parse_source(format_source(source)) == source, text

    def parallel(self, data: st.DataObject) -> None:
        """Corpora as `--parallel` names them, and their files."""
        left = self.file("text.en", data.draw(contents(b"A dog sleeps.\nIt is awake.\nA cat.\n")))
        left.with_name("text.de").write_bytes(b"Ein Hund.\nEr ist wach.\nEine Katze.\n")
        table = self.file("pairs.tsv", data.draw(contents(b"en\tde\nA dog.\tEin Hund.\nA cat.\tEine Katze.\n")))
        form = data.draw(st.sampled_from(
            (f"en-de={left.parent}/text.{{lang}}", f"en-de={left},{left.with_name('text.de')}", f"en-de={table}",
             "en-de=world:?rows=9", f"en-xx={table}", f"en={table}", f"en-de={left.parent}/none.{{lang}}")
        ))  # fmt: skip
        pairs = refused(lambda: load_corpora(as_corpora([form], filters=Filters(shortest=None, longest=None)), None, 0))
        assert pairs is None or pairs

    def models(self, data: st.DataObject) -> None:
        """The configuration, tokenizer and settings beside a model's weights."""
        whole = self._whole_model()
        name = data.draw(st.sampled_from(("config.json", "tokenizer.json", "tokenizer_config.json", "modules.json")))
        content = (whole / name).read_bytes()
        if name != "tokenizer.json" and data.draw(st.booleans()):
            content = written(data.draw(documents(json.loads(content))))
        else:
            content = data.draw(contents(content))
        folder = self.folder / "mutated"
        shutil.copytree(whole, folder, dirs_exist_ok=True)
        (folder / name).write_bytes(content)
        load = load_sentence_encoder if name == "modules.json" else load_classifier
        loaded = refused(lambda: load(folder))
        if loaded is not None and len(loaded.tokenizer):
            embeddings = loaded.network.get_input_embeddings().weight
            assert max(loaded.tokenizer("A dog sleeps.")["input_ids"]) < len(embeddings)

    def _whole_model(self) -> Path:
        if self.model is None:
            from polydistill.models.sentence import Reading, SentenceHead, write_head
            from tiny import MAX_LENGTH, WIDTH, tiny_network, tiny_tokenizer, with_labels

            self.model = self.folder / "model"
            network, labels = tiny_network().float(), TASKS["nli"].shape.labels
            with_labels(network, labels)
            network.save_pretrained(self.model)
            tiny_tokenizer().save_pretrained(self.model)
            write_head(SentenceHead(Reading(), []), WIDTH, MAX_LENGTH, self.model)
        return self.model


FAMILIES = ("rows", "runs", "settings", "sources", "parallel", "models")
SLOW = {"models": 10}
"""Families of which one case costs as much as so many of the others."""


def check_rows(corpus: Corpus) -> None:
    """Texts can be written, and labels are those that there are."""
    shape = corpus.shape
    for rows in corpus.rows.values():
        for row in rows:
            for name in shape.texts:
                texts = row[name] if name in shape.lists else [row[name]]
                assert all(isinstance(text, str) and text.encode() is not None for text in texts), row
            label = row.get("label")
            if shape.spans or label is None:
                continue
            for one in label if isinstance(label, list) else [label]:
                assert isinstance(one, float) or 0 <= one < max(len(shape.labels), 9), row


def _paths(document: Any, before: str = "") -> Iterator[str]:
    for key, value in document.items() if isinstance(document, dict) else ():
        yield f"{before}{key}"
        yield from _paths(value, f"{before}{key}.")


def fuzz(cases: Cases, family: str, count: int, number: int = 0) -> None:
    """So many cases of a family; the first that is neither good nor refused is an error, as small as it can be made."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(st.data())
    def each(data: st.DataObject) -> None:
        getattr(cases, family)(data)

    each()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", choices=FAMILIES, action="append")
    options = parser.parse_args()
    families = options.family or FAMILIES
    each = options.cases // len(families)
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(Path(folder))
        for family in families:
            began, count = time.monotonic(), each // SLOW.get(family, 1)
            fuzz(cases, family, count, options.seed)
            print(f"{family}: {count} cases in {time.monotonic() - began:.0f} s, all good or refused", flush=True)


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()

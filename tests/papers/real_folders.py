"""Folders as the scale `real` reads them, with a tiny polyglot and a few rows of the mini-world in each file."""

import json
from pathlib import Path

from polydistill.data.rows.load import load_rows, load_text
from polydistill.data.rows.shapes import CHOICES, PAIR_OF_SENTENCES, WORDS
from polydistill.data.rows.sources import WorldSource
from polydistill.models.fresh import fresh_encoder, learn_tokenizer
from polydistill.papers.multikd.real import SENTIMENT
from polydistill.papers.real import CHOSEN, LEARNED, TESTED
from polydistill.papers.scales import WORLD_LANGUAGES

LANGUAGES = ("en", "fr", "tr")
FILES = {"en": "src.eng", "fr": "ref.fra", "tr": "ref.tur", "de": "ref.deu", "hi": "ref.hin", "bg": "ref.bul"}
STAND_INS = {"hi": "sw", "bg": "es"}
"""The language of the mini-world that is written where it does not have one."""


def write_models(folder: Path) -> None:
    """A polyglot of twelve blocks, with pieces that not all need, and an encoder of English."""
    rows = load_text(WorldSource(rows=300), WORLD_LANGUAGES).rows
    tokenizer = learn_tokenizer((text for table in rows.values() for text in table["text"]), 400, 64)
    for name, blocks in (("polyglot", 12), ("english", 1)):
        fresh_encoder(len(tokenizer), 16, blocks, 2, 0.0, 64, seed=blocks).base_model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)


def write_data(folder: Path) -> None:
    """XNLI with as many rows as it has, of short texts, an English sample, and news."""
    for part in ("xnli", "mnli_subset", "parallel/ntrex", "sentiment", "tatoeba"):
        (folder / part).mkdir(parents=True)
    _write_tasks(folder)
    made = load_rows(WorldSource(rows=30), PAIR_OF_SENTENCES, WORLD_LANGUAGES).rows
    for code, name in FILES.items():
        table = made[STAND_INS.get(code, code)]
        some = [f"{row['premise']}\t{row['hypothesis']}\t{PAIR_OF_SENTENCES.labels[row['label']]}" for row in table]
        head = "premise\thypothesis\tlabel"
        count = LEARNED + CHOSEN + TESTED
        whole = [head, *(some[at % len(some)] for at in range(count))]
        (folder / "xnli" / f"dev-{code}.tsv").write_text("\n".join(whole) + "\n")
        news = "\n".join(row["premise"] for row in table)
        (folder / "parallel" / "ntrex" / f"newstest2019-{name}.txt").write_text(news + "\n")
        tweets = "\n".join(f"{row['premise']}\t{SENTIMENT.labels[row['label']]}" for row in table)
        for part in ("train", "dev"):
            (folder / "sentiment" / f"{part}-{code}.tsv").write_text(f"text\tlabel\n{tweets}\n")
        for other in ("fra", "deu"):
            side = folder / "tatoeba" / f"tatoeba.{other}-eng.{name.partition('.')[2]}"
            side.write_text(news + "\n")
        if code == "en":
            (folder / "mnli_subset" / "train.tsv").write_text("\n".join([head, *some]) + "\n")


def _write_tasks(folder: Path) -> None:
    """Entities, questions with choices, and news of which no line has a translation; of the mini-world's languages."""
    for part in ("panx", "siqa", "copa_en", "xcopa/tr", "parallel/globalvoices", "parallel/tatoeba", "tatoeba"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    text_of = {"en": "globalvoices/News.en", "tr": "tatoeba/tur-eng.tur"}
    tagged = load_rows(WorldSource(rows=60), WORDS, ("en", "tr")).rows
    chosen = load_rows(WorldSource(rows=12), CHOICES, ("en", "tr")).rows
    for code, table in tagged.items():
        for part in ("train", "dev"):
            sentences = (
                "\n".join(f"{word}\t{WORDS.labels[tag]}" for word, tag in zip(row["tokens"], row["label"], strict=True))
                for row in table
            )
            (folder / "panx" / f"{part}-{code}.tsv").write_text("\n\n".join(sentences) + "\n")
        lines = "\n".join(" ".join(row["tokens"]) for row in table.select(range(50)))
        (folder / "parallel" / text_of[code]).write_text(lines + "\n")
    for side in ("eng", "tur"):
        (folder / "tatoeba" / f"tatoeba.tur-eng.{side}").write_text("One.\nTwo.\nThree.\n")
    for code, file in (("en", "copa_en/val.en.jsonl"), ("tr", "xcopa/tr/val.tr.jsonl")):
        rows = (
            {"premise": row["premise"], "question": row["question"], "label": row["label"]}
            | {f"choice{number}": choice for number, choice in enumerate(row["choices"], 1)}
            for row in chosen[code]
        )
        (folder / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = (
        {"context": row["premise"], "question": "Why?", "answerA": row["choices"][0], "answerB": row["choices"][1]}
        | {"answerC": "Nothing.", "correct": "AB"[row["label"]]}
        for row in chosen["en"]
    )
    (folder / "siqa" / "socialIQa_dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))

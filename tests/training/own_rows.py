"""Small files of tasks of one's own: rows that repeat, so that four steps learn something of them."""

import json

LANGUAGES = ("en", "tr")
_TEXTS = {
    "en": ("A dog sleeps.", "Ann sings.", "The king walks.", "A child runs.", "Every bird flies."),
    "tr": ("Bir köpek uyuyor.", "Ann şarkı söylüyor.", "Kral yürüyor.", "Bir çocuk koşuyor.", "Her kuş uçuyor."),
}


def texts(labels, rows=15):
    """By language, rows of one text with a label; the same in every language."""
    return {
        code: [{"text": some[at % 5], "label": labels[at % len(labels)]} for at in range(rows)]
        for code, some in _TEXTS.items()
    }


def pairs(labels, rows=15):
    """The same of two texts."""
    return {
        code: [{**row, "text_pair": _TEXTS[code][at % 3]} for at, row in enumerate(some)]
        for code, some in texts(labels, rows).items()
    }


def several(labels, rows=15):
    """One text with none, one or two of the labels."""
    held = [[], [labels[0]], [labels[1], labels[2]], [labels[2]]]
    return {
        code: [{**row, "label": held[at % 4]} for at, row in enumerate(some)]
        for code, some in texts(labels, rows).items()
    }


def soft(labels, rows=15):
    """One text with the probability of each label; of every second row those of two, which leaves a rest."""
    found = {}
    for code, some in texts(labels, rows).items():
        for at, row in enumerate(some):
            shares = {labels[at % 3]: 0.7, labels[(at + 1) % 3]: 0.2, labels[(at + 2) % 3]: 0.1}
            row["label"] = dict(list(shares.items())[: 3 if at % 2 else 1])
        found[code] = some
    return found


def words(tags, rows=15):
    """The same of words with tags, which go round."""
    found = {}
    for code, some in texts(["x"], rows).items():
        split = [row["text"].split() for row in some]
        said = [[tags[(at + place) % len(tags)] for place in range(len(one))] for at, one in enumerate(split)]
        found[code] = [{"tokens": one, "ner_tags": own} for one, own in zip(split, said, strict=True)]
    return found


def written(folder, rows):
    """A file a language in the folder; gives the short form of the source."""
    folder.mkdir(parents=True, exist_ok=True)
    for code, some in rows.items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some)
        (folder / f"{code}.jsonl").write_text(lines, encoding="utf-8")
    return f"file:{folder}/{{lang}}.jsonl?aligned=true"

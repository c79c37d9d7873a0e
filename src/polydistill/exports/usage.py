"""The lines of Python that use an exported folder, run in it, with nothing but the library it is for."""

from polydistill.exports.onnx_folder import SENTENCE
from polydistill.exports.wanted import Wanted
from polydistill.tasks import AnyTask, task_of

_TEXTS = {
    "text": '["What a day.", "It broke after a week."]',
    "pair": '[("Every dog sleeps.", "A dog sleeps."), ("Ann saw Bob.", "Bob saw Ann.")]',
    "nli": '[("Every dog sleeps.", "A dog sleeps."), ("Every dog sleeps.", "No dog sleeps.")]',
    "paraphrase": '[("She lives in Rome.", "In Rome she lives."), ("Ann saw Bob.", "Bob saw Ann.")]',
    "stars": '[("It broke after a day.", "A bad buy kitchen"), ("I love it.", "A good buy kitchen")]',
}
_SENTENCES = '["Every dog sleeps.", "A dog sleeps."]'
_WORDS = '["The", " king", " lives", " in", " Rome"]  # spaces as in running text'
_CHOICE = (
    'premise, question = "The man fell.", "What was the CAUSE of this?"\nchoices = ["He slept.", "The floor was wet."]'
)
_ANSWER = 'question, context = "Where does Ann live?", "Ann lives in Rome. Her brother lives in Oslo."\n'
_SPANS = "((at, to) for at in inside for to in inside if at <= to < at + 30)"  # no answer is longer
_COLUMNS = '{"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}'


def usage(wanted: Wanted, task: AnyTask | None, words: bool, ours: bool) -> str:
    """The lines; `words`: the head predicts words; `ours`: the architecture is not one of `transformers`."""
    if wanted.format == "onnx":
        return _onnx(task)
    if wanted.format == "sentence-transformers":
        return (
            "from sentence_transformers import SentenceTransformer\n\n"
            f'model = SentenceTransformer(".")\nvectors = model.encode({_SENTENCES})\n'
            "print(model.similarity(vectors, vectors))"
        )
    first = "import polydistill  # it makes the architecture known\n" if ours else ""
    return first + _transformers(task, words)


def _transformers(task: AnyTask | None, words: bool) -> str:
    name = task_of(task).name if task else ""
    head = task_of(task).head.__name__ if task else "AutoModelForMaskedLM" if words else "AutoModel"
    begin = (
        f"from transformers import {head}, AutoTokenizer\n\n"
        f'tokenizer, model = AutoTokenizer.from_pretrained("."), {head}.from_pretrained(".")\n'
    )
    if name in _TEXTS:
        return (
            f"{begin}texts = {_TEXTS[name]}\n"
            'logits = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits\n'
            "print([model.config.id2label[int(best)] for best in logits.argmax(-1)])"
        )
    if name in ("ner", "tags"):
        return (
            f"{begin}words = {_WORDS}\n"
            'text = tokenizer(words, is_split_into_words=True, return_tensors="pt")\n'
            "tags, places = model(**text).logits[0].argmax(-1), text.word_ids()\n"
            "print([model.config.id2label[int(tags[places.index(at)])] for at in range(len(words))])"
        )
    if name == "choice":
        return (
            f"{begin}{_CHOICE}\n"
            'head, nothing = tokenizer(premise, question), len(tokenizer("")["input_ids"])\n'
            'tails = [tokenizer("", choice) for choice in choices]\n'
            "rows = [{name: head[name] + tail[name][nothing:] for name in head} for tail in tails]\n"
            'inputs = tokenizer.pad(rows, return_tensors="pt")\n'
            "print(choices[model(**{name: rows[None] for name, rows in inputs.items()}).logits.argmax()])"
        )
    if name == "qa":
        return (
            f"{begin}{_ANSWER}"
            'text = tokenizer(question, context, return_offsets_mapping=True, return_tensors="pt")\n'
            'offsets = text.pop("offset_mapping")[0]\n'
            "inside, said = [n for n, of in enumerate(text.sequence_ids()) if of == 1], model(**text)\n"
            f"first, last = max({_SPANS}, key=lambda one: said.start_logits[0, one[0]] + said.end_logits[0, one[1]])\n"
            "print(context[offsets[first][0] : offsets[last][1]])"
        )
    last = "logits" if words else "last_hidden_state"
    return f'{begin}print(model(**tokenizer({_SENTENCES}, padding=True, return_tensors="pt")).{last}.shape)'


def _onnx(task: AnyTask | None) -> str:
    name = task_of(task).name if task else ""
    first = "" if name in ("", "choice", "qa") else "import json\nfrom pathlib import Path\n\n"
    begin = (
        f"{first}"
        "import numpy as np, onnxruntime\nfrom tokenizers import Tokenizer\n\n"
        'tokenizer, session = Tokenizer.from_file("tokenizer.json"), onnxruntime.InferenceSession("onnx/model.onnx")\n'
        f"columns = {_COLUMNS}\nnames = [one.name for one in session.get_inputs()]\n"
    )
    given = "{name: np.array([getattr(text, columns[name]) for text in texts]) for name in names}"
    labels = 'labels = json.loads(Path("labels.json").read_text())\n'
    if name in _TEXTS:
        return (
            f"{begin}{labels}texts = tokenizer.encode_batch({_TEXTS[name]})\n"
            f"(logits,) = session.run(None, {given})\nprint([labels[best] for best in logits.argmax(-1)])"
        )
    if name in ("ner", "tags"):
        return (
            f"{begin}{labels}words = {_WORDS}\n"
            f"texts = tokenizer.encode_batch([words], is_pretokenized=True)\n(logits,) = session.run(None, {given})\n"
            "tags, places = logits[0].argmax(-1), texts[0].word_ids\n"
            "print([labels[tags[places.index(at)]] for at in range(len(words))])"
        )
    if name == "choice":
        return (
            f"{begin}{_CHOICE}\n"
            'head, nothing = tokenizer.encode(premise, question), len(tokenizer.encode("").ids)\n'
            'tails = [tokenizer.encode("", choice) for choice in choices]\n'
            "inputs = {}\nfor name, column in ((name, columns[name]) for name in names):\n"
            "    rows = [getattr(head, column) + getattr(tail, column)[nothing:] for tail in tails]\n"
            '    pad = tokenizer.padding["pad_id"] if name == "input_ids" else 0\n'
            "    longest = max(map(len, rows))\n"
            "    inputs[name] = np.array([[row + [pad] * (longest - len(row)) for row in rows]])\n"
            "print(choices[session.run(None, inputs)[0].argmax()])"
        )
    if name == "qa":
        return (
            f"{begin}{_ANSWER}texts = tokenizer.encode_batch([(question, context)])\n"
            f"(logits,) = session.run(None, {given})\n"
            "offsets, inside = texts[0].offsets, [n for n, of in enumerate(texts[0].sequence_ids) if of == 1]\n"
            f"first, last = max({_SPANS}, key=lambda one: logits[0, one[0], 0] + logits[0, one[1], 1])\n"
            "print(context[offsets[first][0] : offsets[last][1]])"
        )
    return (
        f"{begin}texts = tokenizer.encode_batch({_SENTENCES})\n"
        f'(vectors,) = session.run(["{SENTENCE}"], {given})\nprint(vectors.shape)'
    )

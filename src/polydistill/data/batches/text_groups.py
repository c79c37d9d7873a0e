"""Text of one language as what a method learns from: in memory, or streamed."""

from transformers import PreTrainedTokenizerBase

from polydistill.data.batches.batches import Group
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.batches.stream_steps import TextGroup
from polydistill.data.batches.streams import TextStream, open_texts
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import Source, format_source


def text_group(source: Source, language: str, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Group:
    """All its lines that are not blank, each cut to `max_length` tokens."""
    lines = [line for line in load_text(source, (language,)).rows[language]["text"] if line.strip()]
    if not lines:
        raise ValueError(f"There is no text in {language!r}: {format_source(source)} has blank lines only.")
    return Group(language, {"text": encode_texts(tokenizer, lines, None, max_length)})


def streamed_group(
    stream: TextStream, language: str, tokenizer: PreTrainedTokenizerBase, max_length: int, seed: int
) -> TextGroup:
    """The same of a corpus of any size; nothing is read yet."""
    return TextGroup(language, open_texts(stream, language, seed), tokenizer, max_length, stream.packed)

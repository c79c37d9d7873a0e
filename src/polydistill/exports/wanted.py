"""What is wanted of an export, as plain data, and what was seen when it was checked."""

from typing import Literal, Self

from pydantic import Field, model_validator

from polydistill.bounds import Share
from polydistill.defaults import Pooling
from polydistill.specs import Spec
from polydistill.tasks import AnyTask

Format = Literal["transformers", "sentence-transformers", "onnx"]
Said = Literal["logits", "sentence vectors", "token vectors"]

TOLERANCE = 1e-4  # ours: far below what tells two classes apart, far above the rounding of fp32
AGREEMENT = 0.98  # ours: an XD student of the mini-world agrees with itself in int8 on all of 1,200 rows


class Wanted(Spec):
    """One export.

    With `pooling` it gives sentence vectors: the mean of the last block's vectors, or the first token's; without, what
    the model's own head says. `language` is for models that are told the language of a text (XLM; an MBLM whose
    branches read alone): an ONNX file then reads as they read that language. An export in fp32 is refused where a
    number differs by more than `tolerance`; one in int8 where fewer answers than `agreement` are the model's own.
    """

    format: Format = "transformers"
    language: str | None = None
    pooling: Pooling | None = None
    normalize: bool = False
    int8: bool = False
    tolerance: Share = TOLERANCE
    agreement: Share = AGREEMENT

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.int8 and self.format != "onnx":
            raise ValueError(f"int8 is for the format onnx, not for {self.format}. Leave it out, or choose onnx.")
        if self.pooling and self.format == "transformers":
            raise ValueError(
                "A transformers folder has no pooling: its users pool themselves. Choose sentence-transformers, which "
                "plain transformers loads, too, or onnx."
            )
        if not self.pooling and self.format == "sentence-transformers":
            raise ValueError("A sentence-transformers folder needs a pooling: mean or first.")
        if self.normalize and not self.pooling:
            raise ValueError("Only sentence vectors can be normalised: give a pooling, mean or first, too.")
        if self.language and self.format != "onnx":
            raise ValueError(f"The language {self.language!r} is fixed in ONNX files only: leave it out.")
        return self


class Scored(Spec):
    """The score of a model on labelled rows, the mean of their languages, and that of what was exported of it."""

    metric: str
    own: float
    exported: float

    @property
    def said(self) -> str:
        """Such as "accuracy 81.2, and 81.5 before"."""
        return f"{self.metric} {100 * self.exported:.1f}, and {100 * self.own:.1f} before"


class Check(Spec):
    """How near what was exported is to the model itself, read back by the library `by` from the folder.

    `difference` is the largest one seen between two numbers. Of an int8 file `agreement` is the share of answers that
    are the model's own; of sentence vectors, the smallest cosine. `score` is there where the rows have labels.
    """

    what: Said
    by: str
    difference: float = Field(allow_inf_nan=True)  # of other shapes; refused, and so never stored
    agreement: float | None = None
    score: Scored | None = None
    answers: int
    texts: str

    @property
    def said(self) -> str:
        """In a line."""
        by = f"({self.by}, {self.answers} answers on {self.texts})"
        if self.agreement is None:
            return f"{self.what} as the model's own within {self.difference:.1g} {by}"
        if self.what == "logits":
            share = f"{100 * self.agreement:.1f}% of the answers are the model's own"
            score = "" if self.score is None else f", {self.score.said}"
            return f"int8, {share}, logits differ by up to {self.difference:.2g}{score} {by}"
        return f"int8, {self.what} at a cosine of at least {self.agreement:.4f} to the model's own {by}"


class Record(Spec):
    """What an exported folder says of itself in `export.json`."""

    wanted: Wanted
    task: AnyTask | None
    check: Check
    parameters: int
    size: int
    """Bytes of the files that the model is loaded from."""
    polydistill: str


RECORD = "export.json"

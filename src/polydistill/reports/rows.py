"""Single rows with what systems said of them, to be filtered and searched in the page itself, without a server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from polydistill.languages import called
from polydistill.reports.page import shown
from polydistill.training.predictions import Said

MANY = 40  # ours: more answers than this are no choices; the search finds them


@dataclass(frozen=True)
class Row:
    """One row: what stands in it, what is right, and what each system said."""

    language: str
    row: int
    texts: tuple[str, ...]
    gold: str
    said: tuple[Said | None, ...]

    def plain(self) -> dict[str, Any]:
        """As the page's script reads it."""
        said = [None if one is None else one.model_dump(mode="json") for one in self.said]
        return {"language": self.language, "row": self.row, "texts": self.texts, "gold": self.gold, "said": said}


@dataclass(frozen=True)
class Rows:
    """Rows with filters by language, answer, right or wrong and certainty, and a search. The last system counts."""

    heading: str
    columns: Sequence[str]
    systems: Sequence[str]
    rows: Sequence[Row]
    remark: str = ""
    script: ClassVar[str] = "rows.js"

    @property
    def data(self) -> Markup:
        """The rows as JSON that ends no element of the page, whatever stands in them."""
        languages = {code: called(code) for code in dict.fromkeys(row.language for row in self.rows)}
        rows = [row.plain() for row in self.rows]
        plain = {"columns": self.columns, "systems": self.systems, "languages": languages, "rows": rows}
        written = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
        return Markup(written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))

    @property
    def choices(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """The fields with choices: name, label, and the values with their texts. A single choice is none."""
        last = [row.said[-1] for row in self.rows]
        numbers = any(said is not None and said.off is not None for said in last)
        two = len(self.systems) > 1 and any(row.said[0] is not None for row in self.rows)
        codes = dict.fromkeys(row.language for row in self.rows)
        which = [] if numbers else [("wrong", "wrong"), ("right", "right")]
        if two and not numbers:
            which += [("mended", "was wrong, now right"), ("broken", "was right, now wrong")]
        if two:
            which.append(("other", "another answer than before"))
        order = [("sure", "surest first"), ("unsure", "least sure first"), ("given", "as they are")]
        said_by = "answer" if len(self.systems) == 1 else f"answer {self.systems[-1]}"
        fields = [
            ("language", "language", [(code, f"{called(code)} ({code})") for code in codes]),
            ("which", "rows", which),
            ("gold", "right answer", _answers([row.gold for row in self.rows])),
            ("answer", said_by, _answers([said.answer for said in last if said is not None])),
        ]
        found = [(name, label, [("", "all"), *values]) for name, label, values in fields if len(values) > 1]
        return [*found, ("order", "order", [("off", "furthest off first"), order[-1]] if numbers else order)]

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("rows.html", section=self)


def _answers(said: Sequence[str]) -> list[tuple[str, str]]:
    """Each answer as a choice; none where there are many, or every row has its own."""
    different = sorted(set(said))
    return [(one, one) for one in different] if len(different) <= MANY and len(different) < len(said) else []

"""JSON that a person gives: whatever is wrong with it is one line that says where it stands."""

import json
from pathlib import Path
from typing import Any

from polydistill.errors import DataError


def from_json(text: str, file: str | Path, line: int | None, expected: str, way_out: str) -> Any:
    """What a text of JSON says. Also refused: brackets by the thousand, and half characters, which no file holds."""
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, " if line is None and error.lineno > 1 else ""
        found = f"text that is not JSON ({error.msg} at {at}character {error.colno})"
        raise DataError(file, line, found, expected, way_out) from None
    except RecursionError:
        raise DataError(file, line, "JSON that is nested too deep to read", expected, way_out) from None
    except ValueError as error:  # a number of thousands of digits
        raise DataError(file, line, f"a number that cannot be read ({error})", expected, way_out) from None
    refuse_halves(said, text, file, line, expected, way_out)
    return said


def refuse_halves(said: Any, text: str, file: str | Path, line: int | None, expected: str, way_out: str) -> None:
    """Raise where what a text of JSON says has half of a character, which no tokenizer reads."""
    if "\\ud" in text.lower():
        try:
            json.dumps(said, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            found = r"half of a surrogate pair (such as \ud83d alone)"
            raise DataError(file, line, found, expected, way_out) from None

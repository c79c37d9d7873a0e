"""What a run has left beside its result, as plain data."""

import json
from pathlib import Path
from typing import Any

from polydistill.starts.strict import readable

_WAY_OUT = "Remove it: the page is drawn without it; or bring the file back."


def left(file: Path, kind: type[dict[str, Any]] | type[list[Any]]) -> Any:
    """The content of a file of JSON, an object or a list; none where there is no file."""
    if not file.is_file():
        return None
    with readable(file, "what the run has written", _WAY_OUT):
        content = json.loads(file.read_bytes())
        if not isinstance(content, kind):
            raise ValueError(f"{content!r:.80}, and no {'object' if kind is dict else 'list'}")
    return content

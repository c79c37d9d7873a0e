"""The base of all typed data that a run is made of: frozen, validated, unknown keys refused, JSON round trip."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from polydistill.errors import unknown


class Spec(BaseModel):
    """Plain data. Two equal specs describe the same thing; `model_dump_json` and `model_validate_json` are inverse."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        """Refuse an unknown key with the nearest known one, which `extra="forbid"` does not say."""
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields:
                raise unknown(f"key of {cls.__name__}", key, cls.model_fields)
        return data


def problems(error: ValidationError) -> str:
    """What is wrong with the data of a spec: each mistake, where it is, and the value that was given."""
    return "; ".join(map(_problem, error.errors())) + "."


def _problem(found: Any) -> str:
    said = str(found["msg"]).removeprefix("Value error, ").rstrip(".")
    simple = found["type"] != "value_error" and isinstance(found["input"], str | int | float | None)
    where = ".".join(map(str, found["loc"]))
    return (f"{where}: " if where else "") + said + (f", not {found['input']!r:.80}" if simple else "")


def hashed(content: Any) -> str:
    """A name for plain data, equal for equal data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

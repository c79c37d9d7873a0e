"""The base of all typed data that a run is made of: frozen, validated, unknown keys refused, JSON round trip."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from polydistill.errors import unknown


class Spec(BaseModel):
    """Plain data. Two equal specs describe the same thing; `model_dump_json` and `model_validate_json` are inverse."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        """Refuse an unknown key with the nearest known one, which `extra="forbid"` does not say."""
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields:
                raise unknown(f"key of {cls.__name__}", key, cls.model_fields)
        return data

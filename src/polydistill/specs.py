"""The base of all typed data that a run is made of: frozen, validated, unknown keys refused, JSON round trip."""

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Plain data. Two equal specs describe the same thing; `model_dump_json` and `model_validate_json` are inverse."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

"""Two students that read the same rows and learn together what they share (thesis, Sec. 3.3.3)."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn


class Joint(nn.Module):
    """A source and a target student, of whose two losses the mean is trained ("based on the averaged loss")."""

    def __init__(self, source: nn.Module, target: nn.Module) -> None:
        super().__init__()
        self.source, self.target = source, target

    def forward(
        self, source_inputs: Mapping[str, Tensor], target_inputs: Mapping[str, Tensor], **wanted: Any
    ) -> tuple[Any, Any]:
        """Both readings of one batch, which each student reads as its own tokenizer writes it."""
        return self.source(source_inputs, **wanted), self.target(target_inputs, **wanted)

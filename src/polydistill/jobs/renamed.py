"""Names that parameters had, so that who uses an old one is told the new one."""

from collections.abc import Collection

RENAMED = {
    "languages": ("langs",),
    "language": ("langs", "lang"),
    "dev_languages": ("dev_langs",),
    "test_languages": ("test_langs",),
    "to": ("out",),
    "output": ("out",),
    "only_finished": ("finished",),
    "tensorboard": ("report_to",),
}
"""Old names of parameters, and what they are called now: the first of these that there is."""


def called_now(word: str, known: Collection[str]) -> str | None:
    """What a parameter of an old name is called among those that there are."""
    return next((now for now in RENAMED.get(word, ()) if now in known), None)

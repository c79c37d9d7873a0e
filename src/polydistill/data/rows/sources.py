"""Where rows come from, as typed data, and the short forms a user types.

Three kinds have a short form: `world:` (the embedded mini-world), `file:` (files in the benchmarks' own layouts) and
`hub:` (the `datasets` library, pinned). Two come from Python: tables in memory, and a source for each language.
Nothing is read here.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

from pydantic import Field, TypeAdapter, ValidationError

from polydistill.bounds import Count, Held, NoneOrCount, Seed
from polydistill.errors import unknown
from polydistill.specs import Spec

LayoutName = Literal["multinli", "xnli", "xnli-mt", "pawsx", "xtreme", "marc", "headed", "headerless"]
LANGUAGE_PLACEHOLDER = "{lang}"


def _unsaid(value: object) -> bool:
    """Options that came later are left out where they are not said, so that older runs keep their identity."""
    return value is None or value is False or value == 0


class WorldSource(Spec):
    """Rows of the mini-world: a function of seed and difficulty, aligned across all its languages.

    Text that is `mixed` speaks also of named entities and of causes and effects; with `opinions` it reviews things,
    with `stories` it tells who does what, where and when, and asks.
    """

    kind: Literal["world"] = "world"
    difficulty: str = "mini"
    seed: Seed = 0
    rows: Held = 1000
    split: Literal["train", "dev", "test"] = "train"
    mixed: bool = Field(default=False, exclude_if=_unsaid)
    opinions: bool = Field(default=False, exclude_if=_unsaid)
    stories: bool = Field(default=False, exclude_if=_unsaid)


class FileSource(Spec):
    """Rows of files.

    `path` may hold `{lang}` (replaced by the language's two-letter code or any other code it is known by) and `*`.
    `layout` is found from the file where it is not said. `columns` maps a column of the row shape (or `label`, or
    `language`) to its name in the file; `labels` are the file's spellings in the order of the shape's labels. `aligned`
    claims or denies that row i says the same in every language; where it is not said, equal labels decide.
    Of each language the first `rows` rows after the first `skip` are read.
    `label_file` has the labels, line by line, where they are not in the rows (SIQA). `questions` is the English file of
    the same questions in the same order, whose `cause` or `effect` counts (XCOPA, where it is wrong in some languages).
    """

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1)
    layout: LayoutName | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    labels: tuple[str, ...] = ()
    aligned: bool | None = None
    rows: Count | None = None
    skip: NoneOrCount = Field(default=0, exclude_if=_unsaid)
    label_file: str | None = Field(default=None, exclude_if=_unsaid)
    questions: str | None = Field(default=None, exclude_if=_unsaid)


class HubSource(Spec):
    """Rows of a data set of the hub, or of a local folder in the hub's layout.

    `name` is a repository (`owner/name`, with `revision`, the full hash of a commit) or a folder (without). `config`
    may hold `{lang}`. `columns`, `labels`, `aligned`, `rows`, `skip` and `questions` (a file) are as in `FileSource`.
    """

    kind: Literal["hub"] = "hub"
    name: str = Field(min_length=1)
    revision: str | None = Field(default=None, pattern="^[0-9a-f]{40}$")
    config: str | None = None
    split: str = "train"
    columns: dict[str, str] = Field(default_factory=dict)
    labels: tuple[str, ...] = ()
    aligned: bool | None = None
    rows: Count | None = None
    skip: NoneOrCount = Field(default=0, exclude_if=_unsaid)
    questions: str | None = Field(default=None, exclude_if=_unsaid)


class MemorySource(Spec):
    """A table that was given as an object (see `memory`): what is known of it, but not its rows.

    `fingerprint` is a hash of its content, `header` the names of its columns, `count` the number of its rows.
    `columns`, `labels`, `aligned`, `rows` and `skip` are as in `FileSource`. Rows of several languages say theirs in a
    column `language`.
    """

    kind: Literal["memory"] = "memory"
    fingerprint: str = Field(pattern="^[0-9a-f]{32}$")
    header: tuple[str, ...] = Field(min_length=1)
    count: Count
    columns: dict[str, str] = Field(default_factory=dict)
    labels: tuple[str, ...] = ()
    aligned: bool | None = None
    rows: Count | None = None
    skip: NoneOrCount = Field(default=0, exclude_if=_unsaid)

    @property
    def name(self) -> str:
        """What errors call it."""
        return f"the table from memory ({self.count:,} rows: {', '.join(self.header)})"


TableSource = HubSource | MemorySource


def window(source: FileSource | TableSource) -> slice:
    """The rows that are read of a source, by their places."""
    return slice(source.skip, None if source.rows is None else source.skip + source.rows)


class ByLanguage(Spec):
    """A source for each language. `aligned` is as in `FileSource`."""

    kind: Literal["by-language"] = "by-language"
    sources: dict[str, Annotated[WorldSource | FileSource | HubSource | MemorySource, Field(discriminator="kind")]]
    aligned: bool | None = None

    def of(self, languages: Sequence[str]) -> "dict[str, AnySource]":
        """The source of each of these languages."""
        for code in languages:
            if code not in self.sources:
                raise ValueError(
                    f"There are rows for {', '.join(self.sources)}, but none for {code!r}. Leave the language out, or "
                    "add its rows."
                )
        return {code: self.sources[code] for code in languages}

    @property
    def name(self) -> str:
        """What errors call it."""
        return ", ".join(f"{code}: {format_source(source)}" for code, source in self.sources.items())


AnySource = WorldSource | FileSource | HubSource | MemorySource | ByLanguage
Source = Annotated[AnySource, Field(discriminator="kind")]

_ADAPTER: TypeAdapter[WorldSource | FileSource | HubSource] = TypeAdapter(
    Annotated[WorldSource | FileSource | HubSource, Field(discriminator="kind")]
)
_SUBJECT = {"world": "difficulty", "file": "path", "hub": "name"}  # the field before the `?`
_LISTS = ("labels",)
_MAPPINGS = ("columns",)


def parse_source(text: str) -> WorldSource | FileSource | HubSource:
    """The source that a short form stands for.

    Examples: `world:`, `world:mini?rows=2000&split=dev`, `file:xnli/dev-{lang}.tsv`,
    `file:rows.csv?columns=premise:first,hypothesis:second`, `hub:owner/name@<commit>?config={lang}&split=validation`.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in _SUBJECT:
        raise ValueError(
            f"{text!r} is not a source. Expected world:, file:PATH or hub:NAME@COMMIT, "
            "for example world:mini?rows=2000&split=dev or file:xnli/dev-{lang}.tsv."
        )
    subject, _, query = rest.partition("?")
    fields: dict[str, Any] = {"kind": kind, **_options(text, kind, query)}
    if kind == "hub" and (pinned := re.fullmatch(r"(.+)@([^/@]+)", subject)):
        subject, fields["revision"] = pinned.groups()
    if subject or kind != "world":
        fields[_SUBJECT[kind]] = unquote(subject)
    try:
        return _ADAPTER.validate_python(fields)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}, not {e['input']!r}" for e in error.errors()
        )
        raise ValueError(f"Source {text!r} has a wrong value. {problems}.{_hint(kind, fields)}") from None


def format_source(source: AnySource) -> str:
    """The short form of `source`: what `parse_source` reads back as an equal source. Of memory, what errors call it."""
    if isinstance(source, MemorySource | ByLanguage):
        return source.name
    fields = source.model_dump(exclude_defaults=True, exclude={"kind"})
    subject = quote(str(getattr(source, _SUBJECT[source.kind])), safe="/{}*:~ @")
    fields.pop(_SUBJECT[source.kind], None)
    if revision := fields.pop("revision", None):
        subject += f"@{revision}"
    query = urlencode({key: _as_text(value) for key, value in fields.items()}, safe="{}:,/")
    return f"{source.kind}:{subject}" + (f"?{query}" if query else "")


def _options(text: str, kind: str, query: str) -> dict[str, Any]:
    """The fields that the part after the `?` sets."""
    models: dict[str, type[Spec]] = {"world": WorldSource, "file": FileSource, "hub": HubSource}
    known = [name for name in models[kind].model_fields if name not in ("kind", _SUBJECT[kind])]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ValueError(f"{text!r}: expected key=value&key=value after the '?', not {query!r}.") from None
    options: dict[str, Any] = {}
    for key, value in pairs:
        if key not in known:
            raise unknown(f"option of a {kind}: source", key, known)
        if key in options:
            raise ValueError(f"{text!r} gives {key!r} twice. Give it once.")
        options[key] = _from_text(key, value)
    return options


def _from_text(key: str, value: str) -> Any:
    """One option's value: a list, a mapping, or text that pydantic converts."""
    if key in _LISTS:
        return tuple(value.split(","))
    if key in _MAPPINGS:
        parts = [part.partition(":") for part in value.split(",")]
        if not all(name and column for name, _, column in parts):
            raise ValueError(
                f"columns={value!r}: expected ours:theirs,ours:theirs, such as premise:first,hypothesis:second."
            )
        return {name: column for name, _, column in parts}
    return value


def _as_text(value: Any) -> str:
    """The inverse of `_from_text`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ",".join(f"{name}:{column}" for name, column in value.items())
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _hint(kind: str, fields: dict[str, Any]) -> str:
    """What to do about the commonest wrong value: a branch or tag where a commit belongs."""
    if kind == "hub" and "revision" in fields:
        return " A revision is the full hash of a commit (40 characters), so that the same run reads the same rows."
    return ""

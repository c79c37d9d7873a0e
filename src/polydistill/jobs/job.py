"""What a job is: one function, from whose signature come its command, its `help()` and its lines on the page.

A parameter is written once, in the signature: `steps: Annotated[int, Help("Optimiser steps.")] = 100`. Options that all
trainings share stand in `options.Learning` and come in as `**options: Unpack[Learning]`; they are shown one by one.
This module and all jobs import in a blink: what is heavy is imported where it is used.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from annotated_types import Interval

from polydistill.bounds import refuse_outside, without_bounds
from polydistill.defaults import LORA_RATE
from polydistill.errors import nearest
from polydistill.jobs.placing import PLACING, refuse_places, taken
from polydistill.jobs.renamed import called_now

if TYPE_CHECKING:
    from polydistill.jobs.run import Done
    from polydistill.training.run import Run

Panel = Literal["Learn", "Look", "Ship", "Papers", "This machine"]
REQUIRED: Any = inspect.Parameter.empty
P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class Help:
    """What a parameter says of itself."""

    text: str
    many: bool = False
    """On the command line, given once for each of several."""
    default: Any = None
    """Of a shared option; other parameters have theirs in the signature."""
    panel: str | None = None
    """The heading under which `--help` shows it."""


class Argument(Help):
    """Of a parameter that the command line takes without a name."""


class InPython(Help):
    """Of a parameter that the command line has not."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a job."""

    name: str
    annotation: Any
    default: Any
    help: Help
    kind: Any
    shared: bool = False
    bounds: Interval | None = None
    """Of a number: what it may be, as its type says."""

    @property
    def option(self) -> str:
        """As the command line calls it."""
        return "--" + self.name.replace("_", "-")

    @property
    def argument(self) -> bool:
        """Whether the command line takes it without a name."""
        return isinstance(self.help, Argument)


@dataclass(frozen=True)
class Job:
    """A job, as commands and pages are made from it."""

    command: str
    panel: Panel
    example: str
    summary: str
    parameters: tuple[Parameter, ...]
    public: Any = field(repr=False)
    spec: str | None = None
    """Of a training: the class of its method's settings, `module:Name`."""
    showing: tuple[Parameter, ...] = ()
    """What only the command has: how its result is shown, and where that is written."""
    resumes: bool = False
    """Whether the same command takes up where it was stopped."""

    @property
    def options(self) -> tuple[Parameter, ...]:
        """The parameters that the command has, too."""
        return tuple(one for one in self.parameters if not isinstance(one.help, InPython))

    @property
    def trains(self) -> bool:
        """Whether it makes a run, which may also be had alone."""
        return hasattr(self.public, "run")


class OnlyPrinted(TypedDict, total=False):
    """What the command of a training has beside its parameters."""

    print: Annotated[bool, Help("Only print the run as JSON, to edit.", default=False, panel="The run")]


class AsJson(TypedDict, total=False):
    """What the command of a job has whose result is data."""

    json: Annotated[Path | None, Help("Also write the result as JSON.")]


class TrainingJob(Protocol[P]):
    """A job that trains: calling it does the run, `run` only makes it, to look at, change and store."""

    job: Job

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> "Done":
        """Do it."""

    def run(self, *args: P.args, **kwargs: P.kwargs) -> "Run":
        """The run alone."""


class OtherJob(Protocol[P, R_co]):
    """A job that does something at once."""

    job: Job

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Do it."""


def job(
    panel: Panel, example: str, *, command: str | None = None, showing: Any = None, resumes: bool = False
) -> Callable[[Callable[P, R_co]], OtherJob[P, R_co]]:
    """Make a function a job.

    `command` is its command's name, where that is another; `showing` are the options that only the command has.
    """

    def made(function: Callable[P, R_co]) -> OtherJob[P, R_co]:
        parameters = _parameters(function, {}, {})

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            _check(call.__name__, parameters, args, kwargs)
            return function(*args, **kwargs)

        name = command or function.__name__
        more = () if showing is None else tuple(_shared(showing, {}, {}))
        about = Job(name, panel, example, _summary(function), parameters, call, showing=more, resumes=resumes)
        return cast(OtherJob[P, R_co], _public(call, about))

    return made


def training_job(
    example: str,
    *,
    spec: str | None = None,
    defaults: Mapping[str, Any] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Callable[[Callable[P, "Run"]], TrainingJob[P]]:
    """Make a function that makes a run a job.

    `defaults` are those of the shared options, which the function gets; `notes` say what is different of them here.
    """

    def made(function: Callable[P, "Run"]) -> TrainingJob[P]:
        parameters = _parameters(function, defaults or {}, notes or {})
        usual = {one.name: one.default for one in parameters if one.shared and one.name not in (*PLACING, "set")}

        def run(*args: Any, **kwargs: Any) -> "Run":
            from polydistill.training.edit import changed

            _check(function.__name__, parameters, args, kwargs)
            refuse_places(function.__name__, kwargs)
            changes: Sequence[str] = kwargs.pop("set", None) or ()
            said = {name: value for name, value in kwargs.items() if value is not None or name not in usual}
            rate = {} if said.get("lora_rank") is None else {"learning_rate": LORA_RATE}
            merged = {name: value for name, value in (usual | rate).items() if value is not None} | said
            return changed(function(*args, **cast(Any, merged)), changes)

        def call(*args: Any, **kwargs: Any) -> "Done":
            from polydistill.jobs.run import do

            placing = taken(kwargs)  # first, for it refuses what cannot be had before rows are read
            return do(run(*args, **kwargs), **placing)

        for one in (run, call):
            functools.update_wrapper(one, function)
        more = tuple(_shared(OnlyPrinted, {}, {}))
        about = Job(function.__name__, "Learn", example, _summary(function), parameters, call, spec, more, resumes=True)
        run.__name__, run.__qualname__ = "run", f"{function.__name__}.run"
        _described(run, tuple(one for one in parameters if one.name not in PLACING), "Run")
        call.run = run  # type: ignore[attr-defined]
        return cast(TrainingJob[P], _public(call, about))

    return made


def _parameters(
    function: Callable[..., Any], defaults: Mapping[str, Any], notes: Mapping[str, str]
) -> tuple[Parameter, ...]:
    """The parameters of a function, with the shared options where `**options` stands."""
    found: list[Parameter] = []
    for one in inspect.signature(function).parameters.values():
        if one.kind is inspect.Parameter.VAR_KEYWORD:
            (shared,) = get_args(one.annotation)
            found.extend(_shared(shared, defaults, notes))
        else:
            plain, help, bounds = _split(one.annotation, one.name)
            found.append(Parameter(one.name, plain, one.default, help, one.kind, bounds=bounds))
    return tuple(found)


def _shared(options: Any, defaults: Mapping[str, Any], notes: Mapping[str, str]) -> Iterator[Parameter]:
    """The parameters that a class of options writes down."""
    for name, annotation in options.__annotations__.items():
        plain, help, bounds = _split(annotation, name)
        help = Help(notes.get(name, help.text), help.many, help.default, help.panel)
        default = defaults.get(name, help.default)
        yield Parameter(name, plain, default, help, inspect.Parameter.KEYWORD_ONLY, shared=True, bounds=bounds)


def _split(annotation: Any, name: str) -> tuple[Any, Help, Interval | None]:
    """The type of a parameter, its help, and what a number may be."""
    if get_origin(annotation) is Annotated:
        plain, *more = get_args(annotation)
        for one in more:
            if isinstance(one, Help):
                bare, bounds = without_bounds(plain, more)
                return bare, one, bounds
    raise TypeError(f"{name}: write its help in the signature, as Annotated[type, Help('...')].")


def _check(name: str, parameters: Sequence[Parameter], args: Sequence[Any], given: Mapping[str, Any]) -> None:
    """Refuse names that are no parameters with the nearest that is one, and numbers outside of their bounds."""
    known = [one.name for one in parameters]
    for word in given:
        if word not in known:
            now = called_now(word, known)
            hint = nearest(word, known) if now is None else f" It is now called {now!r}."
            raise TypeError(f"{name}() has no parameter {word!r}.{hint}")
    in_order = [one.name for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    refuse_numbers(parameters, {**dict(zip(in_order, args, strict=False)), **given})


def refuse_numbers(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> None:
    """Refuse the first number that its type does not allow."""
    for one in parameters:
        if one.bounds is not None:
            refuse_outside(one.name, given.get(one.name), one.bounds)


def _summary(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").split("\n\n")[0]


def _public(call: Any, about: Job) -> Any:
    """The function that people see: `help()` and editors show all its parameters."""
    call.job = about
    returned = "Done" if about.trains else inspect.signature(call).return_annotation
    _described(call, about.parameters, returned)
    return call


def _described(call: Any, parameters: Sequence[Parameter], returned: Any) -> None:
    call.__doc__ = "\n".join([inspect.getdoc(call) or "", "", *(f"{one.name}: {one.help.text}" for one in parameters)])
    keep = inspect.Parameter.VAR_POSITIONAL
    call.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                one.name,
                one.kind,
                default=REQUIRED if one.kind is keep else one.default,
                annotation=one.annotation,
            )
            for one in parameters
        ],
        return_annotation=returned,
    )

"""Code of others that is run, as that of plug-ins: what it raises, in a line that says where."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from nnspec.diagnostics import Diagnostic, SpecError

Function = TypeVar("Function", bound=Callable[..., Any])


class BadPlugin(Diagnostic):
    """A plug-in cannot be imported: there is no such module or file, or its code fails, then or where it is used.

    A plug-in is Python code of its author, and is run; nnspec runs none but what `--plugin` or
    `nnspec.load_plugin` names.
    """

    code = "E0450"
    name: str
    reason: str
    advice: str
    what: str = "cannot be imported"

    @property
    def message(self) -> str:
        return f"the plug-in {self.name} {self.what}: {self.reason}"


def fails(module: str, where: str, line: str) -> SpecError:
    """The error for code of a plug-in that fails where it is used."""
    return SpecError.of(BadPlugin(None, module, line, "mend the plug-in", f"fails at {where}"))


def guarded(function: Function, told: Callable[[str], Exception]) -> Function:
    """A function of somebody else, whose exceptions become what is made of the line that tells them.

    Those of nnspec, which it may raise on purpose, stay as they are; and so does a function of nnspec.
    """
    if function.__module__.startswith("nnspec."):
        return function

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except Exception as error:  # whatever the code of others raises
            if type(error).__module__.startswith("nnspec."):
                raise
            raise told(place_of(error)) from error

    return run  # type: ignore[return-value]  # it is called as the function is


def place_of(error: BaseException) -> str:
    """An exception of somebody's code in a line: its kind, what it says, and where it was raised."""
    import traceback  # few runs fail

    said = str(error).strip().partition("\n")[0]
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}, in {Path(error.filename or '').name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and not _is_ours(frame.filename)]
    return f"{text}, in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else text


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(Path(__file__).parent)

"""The model that the folder of a run holds: the spec that it follows, and the program made of it. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from nnspec.diagnostics import Sink, SpecError
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.files import Files, read_source
from nnspec.ir import Program
from nnspec.ir.verify import UnsoundProgram, verify
from nnspec.kinds import SPEC
from nnspec.limits import Limits
from nnspec.plugin.loading import check_loaded
from nnspec.train.mistakes import BadRun
from nnspec.train.settings import read_settings

PROGRAM = "program.json"


def read_spec(folder: Path, limits: Limits) -> tuple[Declarations, Program]:
    """The spec of a run, and the program that it was elaborated to.

    Raises:
        SpecError: they are not there, or were changed so that they cannot be read.
    """
    check_loaded(folder, read_settings(folder).plugins)
    sink = Sink()
    path = (folder / SPEC).resolve()
    source = read_source(path, str(folder / SPEC), sink, limits)
    if source is None:
        raise SpecError(sink.found)
    declarations = Files(sink, limits, path.parent).main(source, path)
    sink.raise_errors()
    try:
        program = Program.from_json((folder / PROGRAM).read_bytes())
        verify(program)
        return declarations, program
    except (OSError, ValidationError, UnsoundProgram):
        reason = f"there is no readable {PROGRAM} in it"
        raise SpecError.of(BadRun(None, str(folder), reason, "start the run again")) from None

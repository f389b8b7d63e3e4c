"""From a text to a model, or to the text in its canonical form: `nnspec.loads`, `format`, `from_json`."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.arguments import typed
from nnspec.checked import validation_error
from nnspec.diagnostics import Diagnostic, Sink, Source, SpecError
from nnspec.elaborate.elaborate import elaborate
from nnspec.elaborate.files import Files
from nnspec.ir import Program
from nnspec.ir.verify import UnsoundProgram
from nnspec.ir.verify import verify as verify_program
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.model import Model


class BadProgram(Diagnostic):
    """A program in JSON cannot be read: it is damaged, was written by hand, or by another version of nnspec."""

    code = "E0504"
    where: str
    reason: str

    @property
    def message(self) -> str:
        return f"this is not a program of nnspec: {self.where + ': ' if self.where else ''}{self.reason}"

    @property
    def help(self) -> str | None:
        return "write it again from the spec: nnspec.load(...).to_json()"


@typed
def loads(
    text: str,
    model: str | None = None,
    *,
    name: str = "<text>",
    settings: Mapping[str, object] | None = None,
    inputs: Mapping[str, tuple[int, ...]] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Model:
    """Read and check a model from a text; it can import from `zoo/` and `std/` only.

    >>> nnspec.loads("model Net { input x: float[N, 784]; Linear(10) }")
    <Model Net: x [N, 784] -> output [N, 10], 7,850 parameters>

    Args:
        text: the spec.
        model: as for `load`.
        name: what messages call the text.
        settings: as for `load`.
        inputs: as for `load`.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: the spec has mistakes.
    """
    sink = Sink()
    declarations = Files(sink, limits, None).main(Source(name, text.removeprefix("\ufeff")))
    program = elaborate(declarations, sink, model=model, settings=settings, shapes=inputs, limits=limits)
    return Model(program, declarations, sink)


@typed
def format(text: str) -> str:
    """A spec in the one canonical way: only white space changes.

    >>> nnspec.format("model A{ input x:float[N,4];Linear( 2 )}")
    'model A { input x: float[N, 4] ; Linear(2) }\\n'

    Args:
        text: the spec.

    Raises:
        SpecError: the text has mistakes of syntax.
    """
    from nnspec.formatting import format_text  # here, as below: few runs format
    from nnspec.syntax.parse import parse

    sink = Sink()
    parse(Source("<text>", text), sink)
    sink.raise_errors()
    return format_text(text)


@typed
def from_json(text: str | bytes) -> Model:
    """The model that `Model.to_json` wrote.

    >>> nnspec.from_json(nnspec.load("lenet5").to_json()).name
    'LeNet5'

    Args:
        text: what it wrote.

    Raises:
        SpecError: the text is not such a form, or contradicts itself.
    """
    try:
        program = Program.from_json(text)
        verify_program(program)
    except validation_error() as error:
        first = error.errors(include_url=False)[0]
        where, reason = ".".join(map(str, first["loc"])), str(first["msg"])
        if where == "format":
            reason = f"form {first['input']} was written by another version of nnspec, and this one reads form 1"
        raise SpecError.of(BadProgram(None, where, reason)) from None
    except UnsoundProgram as problem:
        raise SpecError.of(BadProgram(None, "", str(problem))) from None
    return Model(program)

"""Where an expression or statement is elaborated: what it sees, which module it builds, who called it, what flows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from typing import NamedTuple, NoReturn, Protocol

from nnspec.diagnostics import Diagnostic, Origin, Sink, Source, Span
from nnspec.dims import Size
from nnspec.elaborate.builder.call import Wire
from nnspec.elaborate.builder.kept import Recorder, Told
from nnspec.elaborate.builder.modules import Modules
from nnspec.elaborate.builder.scope import Made, Scope
from nnspec.elaborate.builder.tensor import INVALID, Flow, Invalid, Several, Tensor, flows
from nnspec.elaborate.declarations import BlockDefinition, Declarations
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.mistakes import BindingWithoutValue, FlowEnded, NoValue, OutsideGroup, Shadowed, TooMuch
from nnspec.elaborate.values import Known, is_size
from nnspec.ir import Place
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import Limits
from nnspec.record import Record
from nnspec.syntax import tree as t

WORK = 20  # expressions for each step that `calls` allows


class Failed(Exception):
    """Something is wrong, and the sink has been told; the statement is given up."""


class Exhausted(Exception):
    """A limit is reached, or enough mistakes were found: the whole elaboration is given up."""


class Statements(NamedTuple):
    """The room above those of expressions and blocks, which they call for the chains and bodies inside them."""

    chain_value: Callable[[Frame, t.Chain], Tensor | Several | Invalid]
    run: Callable[[Frame, t.Statement], Flow]
    run_body: Callable[[Frame, t.Body], Flow]


# What a block is made for: its definition, the keys of its arguments, the types of its inputs.
Purpose = tuple[BlockDefinition, tuple[tuple[str, Hashable], ...], tuple[TensorType | None, ...]]


class Watch(Protocol):
    """Told of every step and input, by its offsets, while a spec is elaborated; also of what is wrong further on."""

    def __call__(self, source: Source, start: int, end: int, types: tuple[TensorType, ...], /) -> None: ...


class Elaboration:
    """The state of the whole elaboration: the sink, the limits, the modules made so far."""

    watch: Watch | None = None
    recorder: Recorder | None = None  # keeps blocks for the elaboration of another text

    def __init__(self, sink: Sink, limits: Limits, statements: Statements) -> None:
        self.sink = sink
        self.limits = limits
        self.statements = statements
        self.modules = Modules()
        self.made: dict[Purpose, Made | Invalid | None] = {}  # INVALID while it is built; None where it is wrong
        self.effort = 0  # calls, statements and loop turns, bounded so that every spec comes to an end
        self.work = 0  # expressions evaluated and characters made, bounded too


class Environment:
    """Names and what they stand for; a group sees those around it."""

    def __init__(self, parent: Environment | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Known] = {}
        self.texts: dict[str, str] = {}  # of names for numbers that follow from parameters: see evaluate/written.py
        self.inside: set[str] = set()  # names that ended with a group in this body
        self.dimensions: dict[
            str, bool
        ] = {}  # names that a shape has given; whether they were known, as `none`, before

    def find(self, name: str) -> tuple[bool, Known]:
        """Whether the name is known, and its value."""
        if name in self.names:
            return True, self.names[name]
        return self.parent.find(name) if self.parent else (False, None)

    def text_of(self, name: str) -> str | None:
        """The text of a name for a number that follows from the parameters of the body; None where there is none."""
        if name in self.names:
            return self.texts.get(name)
        return self.parent.text_of(name) if self.parent else None

    def forget_dimensions(self, kept: Collection[str]) -> None:
        """Let the names that shapes have given mean nothing, but for those that are kept."""
        for name in [name for name in self.dimensions if name not in kept]:
            if self.dimensions.pop(name):
                self.names[name] = None
            else:
                self.names.pop(name, None)

    def known(self) -> Iterator[str]:
        """All names that can be used here."""
        yield from self.names
        if self.parent:
            yield from self.parent.known()


class Placed(Protocol):
    """Anything with a start and an end."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Given(Record):
    """The inputs that a model is given: their types in order by a block that calls it, or their shapes from outside."""

    types: tuple[TensorType | None, ...] | None = None
    shapes: Mapping[str, tuple[int, ...]] = {}


class Frame(Record):
    """All that a piece of a body needs to be elaborated; another flow or another part of the text has another frame."""

    shared: Elaboration
    declarations: Declarations
    scope: Scope
    environment: Environment
    chain: tuple[Origin, ...] = ()
    flow: Flow = None
    binding: t.Bind | None = None  # the line `name = chain` at whose start no value flows, other than as `_`
    training: bool = False
    given: Given = Given()
    around: str | None = None  # what a message on an unknown name says of names that no text declares

    def with_flow(self, flow: Flow, binding: t.Bind | None = None) -> Frame:
        """This frame where something else flows."""
        return Frame(
            self.shared, self.declarations, self.scope, self.environment, self.chain, flow, binding, self.training,
            self.given, self.around,
        )  # fmt: skip

    def current(self, node: Placed, what: str = "this step") -> Tensor | Several:
        """The value of `_`."""
        if isinstance(self.flow, Invalid):
            raise Failed
        if self.flow is None:
            self.no_value(node, what)
        return self.flow

    def incoming(self, node: Placed, what: str = "this step") -> Tensor | Several:
        """The value that flows into a step."""
        value = self.current(node, what)
        if self.binding is not None:
            self.no_value(node, what)
        return value

    def define(self, name: str, value: Known, text: str = "") -> None:
        """Let a name stand for a value from here on; `text` is that of a number that follows from parameters."""
        self.environment.names[name] = value
        if text:
            self.environment.texts[name] = text
        else:
            self.environment.texts.pop(name, None)

    def name_size(self, name: str, wire: Wire, dim: int) -> None:
        """Let a name that a shape has given a number be one of the body's, as a parameter is.

        One that stands for another size at every turn of a loop is another name in their texts each time.
        """
        text, number, sizes = name, 1, self.scope.sizes
        while sizes.get(text, (wire, dim)) != (wire, dim) or (text != name and self.environment.find(text)[0]):
            number += 1
            text = f"{name}_{number}"
        sizes[text] = wire, dim
        self.environment.texts[name] = text

    def define_dimension(self, name: str, size: Size) -> None:
        """Let a name that is new here stand for a dimension."""
        self.environment.dimensions.setdefault(name, name in self.environment.names)
        self.define(name, size)

    def bind(self, name: t.Identifier, value: Known, before: Known, text: str = "") -> None:
        """Let a name stand for a value, unless that would hide what it meant before, or to the body around a group."""
        around = self.environment.parent
        if name.start in self.declarations.ending and around is not None and around.find(name.text)[0]:
            self.fail(OutsideGroup(self.span(name), name.text))
        if is_size(before) and not (value is None or isinstance(value, float) or is_size(value)):
            self.fail(Shadowed(self.span(name), name.text, describe(before), kind(value)))
        self.define(name.text, value, text)

    def poison(self, name: str) -> None:
        """Let a name that a mistake keeps from its meaning say nothing more; an absent optional input too."""
        if self.environment.names.get(name) is None:
            self.environment.names[name] = INVALID

    def tell(self, node: t.Item | t.Input, value: object) -> None:
        """Tell who watches of the value of a step or input."""
        if self.shared.watch is not None and isinstance(value, (Tensor, Several)):
            types = tuple([tensor.type for tensor in flows(value)])
            self.shared.watch(self.declarations.source, node.start, node.end, types)
            if self.shared.recorder is not None:
                self.shared.recorder.note(Told(node.start, node.end, types))

    # --- places and mistakes

    def span(self, node: Placed) -> Span:
        """The place of a node."""
        return Span(self.declarations.source, node.start, node.end)

    def place(self, node: Placed) -> Place:
        """The place of a node, for the IR."""
        return Place.model_construct(file=self.declarations.source.name, start=node.start, end=node.end)

    def report(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic with the call chain, and go on."""
        self.shared.sink.add(diagnostic, self.chain)
        if self.shared.recorder is not None:
            self.shared.recorder.reports += 1
        if self.shared.sink.full:
            raise Exhausted

    def fail(self, diagnostic: Diagnostic) -> NoReturn:
        """Add a diagnostic, and give up the statement."""
        self.report(diagnostic)
        raise Failed

    def no_value(self, node: Placed, what: str) -> NoReturn:
        """Report that a step has no incoming value: none flows, or it is the first of a binding."""
        if self.binding is not None and self.flow is not None:
            names = ", ".join(name.text for name in self.binding.names)
            self.fail(BindingWithoutValue(self.span(self.binding.chain.items[0]), names, *self.ways_out(self.binding)))
        ended = self.scope.ended_at
        self.fail(NoValue(self.span(node), what) if ended is None else FlowEnded(self.span(node), what, ended))

    def ways_out(self, node: t.Bind) -> tuple[str | None, str]:
        """A line `name = Layer(...)` as a step of the flow, and as a branch, in the words of the text."""
        names, items = ", ".join(name.text for name in node.names), node.chain.items
        first, last = self.span(items[0]), items[-1]
        branching = f"{names} = _ -> {self.span(node.chain).text}"
        going_on = Span(first.source, first.start, last.start).text
        going_on += f"{'' if last.label else f'{names}: '}{self.span(last).text}"
        return going_on if len(node.names) == 1 else None, branching

    # --- limits

    def spend(self, node: Placed) -> None:
        """Count a statement, a call or a loop turn."""
        self.shared.effort += 1
        if self.shared.effort > self.shared.limits.calls:
            self.exceed(node, "the number of steps that this spec elaborates to", "calls")

    def labour(self, node: Placed, amount: int) -> None:
        """Count the evaluation of expressions."""
        self.shared.work += amount
        if self.shared.work > WORK * self.shared.limits.calls:
            self.exceed(node, "the number of expressions that this spec evaluates", "calls", WORK)

    def exceed(self, node: Placed, what: str, limit: str, times: int = 1) -> NoReturn:
        """Report that `times` a limit is reached, and end the elaboration."""
        self.report(TooMuch(self.span(node), what, limit, getattr(self.shared.limits, limit), times))
        raise Exhausted

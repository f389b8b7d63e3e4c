"""Where an expression or statement is elaborated: which names it sees, which module it builds, who called it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, Protocol

from nnspec.diagnostics import Diagnostic, Origin, Sink, Span
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.mistakes import BindingWithoutValue, NoValue, TooMuch
from nnspec.elaborate.scope import Scope
from nnspec.ir import Module, Place
from nnspec.limits import Limits
from nnspec.syntax import tree as t


class Failed(Exception):
    """Something is wrong, and the sink has been told; the statement is given up."""


class Exhausted(Exception):
    """A limit is reached, or enough mistakes were found: the whole elaboration is given up."""


class Shared:
    """What the whole elaboration shares: the sink, the limits, the modules made so far."""

    def __init__(self, sink: Sink, limits: Limits) -> None:
        self.sink = sink
        self.limits = limits
        self.modules: dict[str, Module] = {}
        self.memo: dict[Any, Any] = {}
        self.variants: dict[Any, Any] = {}
        self.effort = 0  # calls, statements and loop turns, bounded so that every spec comes to an end
        self.work = 0  # expressions evaluated and characters made, bounded too
        self._numbers: dict[str, int] = {}

    def add_module(self, module: Module) -> str:
        """Keep a module under a key: its name, numbered if need be."""
        number = self._numbers[module.name] = self._numbers.get(module.name, 0) + 1
        key = module.name if number == 1 else f"{module.name}.{number}"
        self.modules[key] = module
        return key


class Environment:
    """Names and what they stand for; a group sees those around it."""

    def __init__(self, parent: Environment | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Any] = {}

    def find(self, name: str) -> tuple[bool, Any]:
        """Whether the name is known, and its value."""
        if name in self.names:
            return True, self.names[name]
        return self.parent.find(name) if self.parent else (False, None)

    def known(self) -> Iterable[str]:
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


class Frame:
    """The state of one body: its file, names, scope, call chain, and the value that flows."""

    def __init__(
        self,
        shared: Shared,
        declarations: Declarations,
        scope: Scope,
        environment: Environment,
        chain: tuple[Origin, ...],
    ) -> None:
        self.shared = shared
        self.declarations = declarations
        self.scope = scope
        self.environment = environment
        self.chain = chain
        self.flow: Any = None
        self.binding: t.Bind | None = None  # the line `name = chain` at whose start no value flows, other than as `_`
        self.training = False
        self.failed = False  # a statement is wrong: there will be no module

    def span(self, node: Placed) -> Span:
        """The place of a node."""
        return Span(self.declarations.source, node.start, node.end)

    def place(self, node: Placed) -> Place:
        """The place of a node, for the IR."""
        return Place.model_construct(file=self.declarations.source.name, start=node.start, end=node.end)

    def report(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic with the call chain, and go on."""
        self.shared.sink.add(diagnostic, self.chain)
        if self.shared.sink.full:
            raise Exhausted

    def fail(self, diagnostic: Diagnostic) -> NoReturn:
        """Add a diagnostic, and give up the statement."""
        self.report(diagnostic)
        raise Failed

    def no_value(self, node: Placed, what: str) -> NoReturn:
        """Report that a step has no incoming value: none flows, or it is the first of a binding."""
        if self.binding is None or self.flow is None:
            self.fail(NoValue(self.span(node), what))
        self.fail(self._binding_without_value(self.binding))

    def _binding_without_value(self, node: t.Bind) -> BindingWithoutValue:
        """The mistake of `name = Layer(...)`, with its ways out in the words of the text."""
        names, items = ", ".join(name.text for name in node.names), node.chain.items
        first, last = self.span(items[0]), items[-1]
        branching = f"{names} = _ -> {self.span(node.chain).text}"
        if isinstance(items[0].step, t.ListOf):
            return BindingWithoutValue(first, names, f"let {names} = {first.text}", branching, is_list=True)
        going_on = Span(first.source, first.start, last.start).text
        going_on += f"{'' if last.label else f'{names}: '}{self.span(last).text}"
        return BindingWithoutValue(first, names, going_on if len(node.names) == 1 else None, branching)

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


WORK = 20  # expressions for each step that `calls` allows

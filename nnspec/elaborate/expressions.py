"""Expressions: compile-time values, and operators and functions on tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from nnspec.diagnostics import Span, nearest
from nnspec.elaborate import arithmetic, words
from nnspec.elaborate.arithmetic import OperationError, UndecidedError
from nnspec.elaborate.frame import Failed, Placed
from nnspec.elaborate.layering import Layering, is_absent_input
from nnspec.elaborate.mistakes import (
    BadOperation,
    Misplaced,
    RepeatedArgument,
    UnknownName,
    UnknownSize,
    WrongKind,
)
from nnspec.elaborate.scope import flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    Function,
    Partial,
    Results,
    Several,
    Tensor,
    Value,
    describe,
    kind,
)
from nnspec.layers import registry
from nnspec.syntax import tree as t

DEEPEST = 32  # dots in a label


class Expressions(Layering, ABC):
    """Evaluates expressions; what they do with tensors becomes calls of the scope."""

    step: t.Node | None = None  # the expression that is a step of its own: a function in it may take what flows
    around: str | None = None  # what a message on an unknown name says of names that no text declares

    def evaluate(self, node: t.Expression) -> Any:
        """The value of an expression."""
        self.labour(node, 1)
        return getattr(self, f"_{type(node).__name__.lower()}")(node)

    def number(self, node: t.Expression, what: str) -> int:
        """The value of an expression that must be a known integer."""
        value = self.evaluate(node)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(WrongKind(self.span(node), what, kind(value)))
        return value

    def truth(self, node: t.Expression) -> bool:
        """The value of a condition."""
        try:
            return arithmetic.truth(self.evaluate(node))
        except OperationError as problem:
            self.fail(BadOperation(self.span(node), str(problem), problem.help))

    @abstractmethod
    def chain_value(self, node: t.Chain) -> Any:
        """The value of a chain inside a tuple; steps.py runs chains."""

    def _number(self, node: t.Number) -> Any:
        return node.value

    def _constant(self, node: t.Constant) -> Any:
        return node.value

    def _text(self, node: t.Text) -> str:
        text = "".join(part if isinstance(part, str) else self._shown(part) for part in node.parts)
        return text if len(node.parts) < 2 else self._bounded(text, node)

    def _shown(self, node: t.Expression) -> str:
        value = self.evaluate(node)
        if not isinstance(value, (str, int, float)):
            self.fail(WrongKind(self.span(node), "a number or a string", kind(value)))
        return value if isinstance(value, str) else describe(value)

    def _listof(self, node: t.ListOf) -> tuple[Any, ...]:
        value = tuple(map(self.evaluate, node.items))
        return self._bounded(value, node) if any(isinstance(item, tuple) for item in value) else value

    def _bounded(self, value: Any, node: Placed) -> Any:
        """A text or list that is made of others, if it is not too large."""
        try:
            arithmetic.bounded(value)
        except OperationError as problem:
            self.fail(BadOperation(self.span(node), str(problem), problem.help))
        self.labour(node, arithmetic.elements(value, arithmetic.ELEMENTS) // 16)
        return value

    def _tuple(self, node: t.Tuple) -> Any:
        flowing = node is self.step
        values = [self.chain_value(fed.chain) for fed in node.items]
        if INVALID in values:
            raise Failed
        plain: list[Tensor] = []
        named: dict[str, Argument] = {}
        for value, fed in zip(values, node.items, strict=True):
            absent = value is None and fed.name is not None  # an optional input of the block, handed on
            if not absent and not isinstance(value, Tensor):
                advice = None if isinstance(value, Several) else "write a list as [a, b]"
                self.fail(WrongKind(self.span(fed.chain), "a tensor", kind(value), advice))
            if fed.name is None:
                plain.append(value)
            elif fed.name.text in named:
                self.fail(RepeatedArgument(self.span(fed.name), "this tuple", fed.name.text))
            else:
                named[fed.name.text] = Argument(value, self.span(fed.chain), self.span(fed.name))
        if named and not flowing:
            self.fail(self.misplaced_names(node))
        if len(plain) == 1 and not named:
            return plain[0]
        several = Several(plain)
        several.named = named
        return several

    def misplaced_names(self, node: Placed) -> Misplaced:
        """The mistake of inputs by name that do not flow into what has inputs with names."""
        way = "let them flow into a layer, a block or a label: (x, mask = seen) -> MultiheadAttention(8)"
        return Misplaced(self.span(node), "a tuple with inputs by name", way)

    def _name(self, node: t.Name) -> Any:
        if node.text == "_":
            return self.current(node)
        found, value = self.environment.find(node.text)
        if not found:
            value = self.global_value(node.text)
        if value is INVALID:
            raise Failed
        if value is None and not found:
            self.fail(self._unknown(node.text, self.span(node)))
        return value

    def current(self, node: Placed, what: str = "this step") -> Any:
        """The value of `_`."""
        if self.flow is INVALID:
            raise Failed
        if self.flow is None:
            self.no_value(node, what)
        return self.flow

    def incoming(self, node: Placed, what: str = "this step") -> Any:
        """The value that flows into a step."""
        value = self.current(node, what)
        if self.binding is not None:
            self.no_value(node, what)
        return value

    def global_value(self, name: str) -> Any:
        """What a name means outside the body: a block, a model, a layer or a function."""
        definition = self.declarations.names.get(name)
        if definition is not None:
            return Partial(definition)
        if name in self.declarations.broken:
            return INVALID
        layer = registry.find(name)
        if layer is not None:
            return Partial(layer)
        layer = registry.find_by("function", name)
        if layer is not None or name in arithmetic.FUNCTIONS:
            return Function(name, layer)
        return None

    def _unknown(self, name: str, span: Span) -> UnknownName:
        functions = [*registry.words("function"), *arithmetic.FUNCTIONS]
        known = [name for name in self.environment.known() if name.isidentifier()]
        if name[:1].isupper():
            candidates = [*known, *self.declarations.names, *registry.names()]
        else:
            candidates = [*known, *functions, *self.declarations.names, *registry.names()]
        rank = self.flow.type.rank if isinstance(self.flow, Tensor) else None
        close = nearest(name, candidates)
        advice = None if close and close.lower() == name.lower() and name[0] == close[0] else words.of_name(name, rank)
        return UnknownName(span, name, None if advice else close, advice or self.around)

    def _not(self, node: t.Not) -> Any:
        value = self.evaluate(node.operand)
        if isinstance(value, (Tensor, Several)):
            return self.apply_operator("not", [value], node)
        try:
            return not arithmetic.truth(value)
        except OperationError as problem:
            self.fail(BadOperation(self.span(node.operand), str(problem), problem.help))

    def _negate(self, node: t.Negate) -> Any:
        value = self.evaluate(node.operand)
        if isinstance(value, (Tensor, Several)):
            return self.apply_operator("neg", [value], node)
        return self._operate("-", 0, value, node)

    def _conditional(self, node: t.Conditional) -> Any:
        return self.evaluate(node.chosen if self.truth(node.condition) else node.otherwise)

    def _ellipsis(self, node: t.Ellipsis) -> Any:
        self.fail(Misplaced(self.span(node), "`...`", "it stands in a subscript, x[..., 0], or a shape, [..., D]"))

    def _operation(self, node: t.Operation) -> Any:
        if node.operators[0] in ("and", "or"):
            return self._logic(node)
        value = self.evaluate(node.operands[0])
        for symbol, operand in zip(node.operators, node.operands[1:], strict=True):
            value = self._binary(symbol, value, self.evaluate(operand), node)
        return value

    def _logic(self, node: t.Operation) -> Any:
        value = self.evaluate(node.operands[0])
        for symbol, operand in zip(node.operators, node.operands[1:], strict=True):
            if isinstance(value, (Tensor, Several)):
                value = self._binary(symbol, value, self.evaluate(operand), node)
                continue
            if not isinstance(value, bool):
                self.fail(WrongKind(self.span(node.operands[0]), "a truth value", kind(value)))
            if value == (symbol == "or"):
                return value
            value = self.evaluate(operand)
        if not isinstance(value, (bool, Tensor)):
            self.fail(WrongKind(self.span(node.operands[-1]), "a truth value", kind(value)))
        return value

    def _binary(self, symbol: str, left: Any, right: Any, node: t.Operation) -> Any:
        if symbol in ("==", "!=") and (left is None or right is None):
            return (left is right) == (symbol == "==")  # whether an optional input is there
        if isinstance(left, (Tensor, Several)) or isinstance(right, (Tensor, Several)):
            return self.apply_operator(symbol, [left, right], node)
        return self._operate(symbol, left, right, node)

    def _operate(self, symbol: str, left: Any, right: Any, node: Placed) -> Any:
        try:
            value = arithmetic.operate(symbol, left, right)
        except OperationError as problem:
            self.fail(BadOperation(self.span(node), str(problem), problem.help))
        except UndecidedError as question:
            self.fail(UnknownSize(self.span(node), str(question)))
        if not isinstance(value, (int, float)):
            self.labour(node, arithmetic.length(value) // 16)
        return value

    def apply_operator(self, symbol: str, operands: list[Any], node: Placed) -> Value:
        """An operator of which an operand is a tensor; a number or size beside it becomes the layer's scalar."""
        layer = registry.find_by("operator", symbol)
        if layer is None:
            self.fail(BadOperation(self.span(node), f"`{symbol}` does not apply to tensors"))
        config: dict[str, Any] = {}
        tensors = [operand for operand in operands if isinstance(operand, Tensor)]
        for index, operand in enumerate(operands):
            if isinstance(operand, Tensor):
                continue
            if not (arithmetic.is_number(operand) or arithmetic.is_size(operand)):
                self.fail(WrongKind(self.span(node), f"a number or a tensor beside `{symbol}`", kind(operand)))
            config["scalar"] = operand
            if index == 0:
                config["scalar_first"] = True
        made = self.make_layer(layer, {name: Argument(v, self.span(node)) for name, v in config.items()}, node)
        return self.emit(made, tensors, node, title=f"`{symbol}`")

    def _postfix(self, node: t.Postfix) -> Any:
        value, trailers = self._longest_name(node)
        while trailers:
            trailer = trailers[0]
            if isinstance(trailer, t.Member):
                length = next((i for i, x in enumerate(trailers) if not isinstance(x, t.Member)), len(trailers))
                members = [x for x in trailers[:length] if isinstance(x, t.Member)]
                value = self.member(value, members, node)
                trailers = trailers[length:]
                continue
            if isinstance(trailer, t.Subscript):
                value = self._subscript(value, trailer, node)
            else:
                value = self._call(value, trailer, node)
            trailers = trailers[1:]
        return value

    def _longest_name(self, node: t.Postfix) -> tuple[Any, list[Any]]:
        """The value of the longest dotted name at the front, and what stands behind it."""
        trailers = list(node.trailers)
        if isinstance(node.base, t.Name):
            members: list[str] = []
            for trailer in trailers:
                if not isinstance(trailer, t.Member):
                    break
                members.append(trailer.name)
            for length in range(min(len(members), DEEPEST), 0, -1):
                found, value = self.environment.find(".".join([node.base.text, *members[:length]]))
                if found:
                    if value is INVALID:
                        raise Failed
                    return value, trailers[length:]
        return self.evaluate(node.base), trailers

    @abstractmethod
    def member(self, value: Any, members: list[t.Member], node: t.Postfix) -> Any:
        """`value.a.b`; steps.py knows what lies inside a step."""

    def _subscript(self, value: Any, trailer: t.Subscript, node: t.Postfix) -> Any:
        items = tuple(self._index(item) for item in trailer.items)
        if isinstance(value, Tensor):
            layer = registry.find_by("operator", "[]")
            assert layer is not None
            made = self.make_layer(layer, {"items": Argument(items, self.span(trailer))}, trailer)
            return self.emit(made, [value], node, title="the subscript")
        if not isinstance(value, (tuple, str)):
            self.fail(WrongKind(self.span(node.base), "a tensor or a list before [...]", kind(value)))
        try:
            (index,) = items
            chosen: Any = slice(*index[1:]) if isinstance(index, tuple) else None if isinstance(index, bool) else index
            return value[chosen]
        except (ValueError, TypeError, IndexError):
            shown = f"{len(value)} elements, counted from 0"
            if isinstance(value, Results):
                found = f"this does not choose one of {len(value)} results"
                way = "the first one is [0]; what is behind it, as in [0][:, 1], is an index of that tensor"
                self.fail(BadOperation(self.span(trailer), found, way))
            advice = f"the last one has the number {len(value) - 1}, or -1" if value else None
            self.fail(BadOperation(self.span(trailer), f"this does not index {kind(value)} of {shown}", advice))

    def _index(self, item: Any) -> Any:
        if isinstance(item, t.Ellipsis):
            return "..."
        if isinstance(item, t.Slice):
            parts = (item.first, item.last, item.step)
            return ("slice", *(None if part is None else self.evaluate(part) for part in parts))
        return self.evaluate(item)

    def _call(self, value: Any, arguments: t.Arguments, node: t.Postfix) -> Any:
        positional, named = self.arguments(arguments)
        if isinstance(value, Partial):
            return Partial(value.callee, (*value.positional, *positional), {**value.named, **named})
        if isinstance(value, Function):
            return self.call_function(value, positional, named, node)
        way = f"to apply it: x -> {value.step.label}" if isinstance(value, Value) and value.step is not None else None
        self.fail(WrongKind(self.span(node.base), "a layer, a block or a function before (...)", kind(value), way))

    def arguments(self, arguments: t.Arguments) -> tuple[tuple[Argument, ...], dict[str, Argument]]:
        """The arguments of a call, by position and by name."""
        positional: list[Argument] = []
        named: dict[str, Argument] = {}
        failed = False
        for item in arguments.items:
            try:
                value = self.evaluate(item.value)
            except Failed:
                failed = True
                continue
            argument = Argument(value, self.span(item.value), self.span(item.name) if item.name else None)
            if item.name is None:
                positional.append(argument)
            elif item.name.text in named:
                self.report(RepeatedArgument(self.span(item.name), "this call", item.name.text))
                failed = True
            else:
                named[item.name.text] = argument
        if failed:
            raise Failed
        return tuple(positional), named

    def call_function(
        self, function: Function, positional: tuple[Argument, ...], named: dict[str, Argument], node: Placed
    ) -> Any:
        """A function on tensors, or on compile-time values where there is no tensor."""
        if function.layer is not None:
            self.need_single((*positional, *named.values()))
        values = tuple(argument.value for argument in positional)
        tensors = [value for value in values if isinstance(value, Tensor)]
        if not tensors and not any(isinstance(argument.value, Tensor) for argument in named.values()):
            evaluate = arithmetic.FUNCTIONS.get(function.name) or getattr(function.layer, "evaluate", None)
            if evaluate is not None and (values or node is not self.step):
                for name, argument in named.items():
                    what = f"{function.name} of a number takes no {name}"
                    self.fail(BadOperation(argument.name_span or argument.span, what, "leave it out"))
                try:
                    return arithmetic.call(function.name, evaluate, values)
                except OperationError as problem:
                    self.fail(BadOperation(self.span(node), str(problem), problem.help))
        if function.layer is None:
            found = describe(values[0]) if values else "nothing"
            self.fail(WrongKind(self.span(node), f"a number for {function.name}", found))
        texts = next((place for place, value in enumerate(values) if not isinstance(value, str)), 0)  # einsum("i->", a)
        if not all(isinstance(value, Tensor) for value in values[texts : texts + len(tensors)]):
            advice = f"write the tensors before the numbers: {function.name}(tensor, number)"
            self.fail(BadOperation(self.span(node), f"{function.name} takes its tensors first", advice))
        given = tuple(
            argument
            for place, argument in enumerate(positional)
            if not is_absent_input(argument, place, function.layer)
        )
        partial = Partial(function.layer, given, named, function.name)
        layer, extra, _ = self.bind_layer(partial, node, tensors)
        flowing: list[Tensor] = []
        if not extra and layer.inputs and node is self.step:
            flowing = list(flows(self.incoming(node, function.name)))  # `x -> softmax(dim = 1)`
            self.step = None  # it has been given what flows
        return self.emit(layer, self.gather(layer, flowing, extra, node), node, title=function.name)


def is_built_in(name: str) -> bool:
    """Whether a name means a layer or a function of the language itself."""
    found = registry.find(name) or registry.find_by("function", name)
    return found is not None or name in arithmetic.FUNCTIONS

"""Lark's tree to ours: one method a rule of the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Token, Tree

from nnspec.diagnostics import Sink, Source, Span
from nnspec.limits import Limits
from nnspec.syntax import tree as t
from nnspec.syntax.mistakes import BadEscape, BadNumber, RoleWithoutScan
from nnspec.syntax.pieces import documentation

_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "{": "{", "}": "}"}
_PIECE = r"\\(.)|\{([^{}]*)\}|([{}])|[^\\{}]+"


class TreeBuilder:
    """Builds the nodes of one source; mistakes in literals go to the sink."""

    def __init__(
        self, source: Source, sink: Sink, limits: Limits, read_interpolation: Callable[[Span], Tree[Token] | None]
    ) -> None:
        self.source = source
        self.sink = sink
        self.limits = limits
        self.read_interpolation = read_interpolation  # parses `{...}` of a string; None, and a diagnostic, if it cannot
        self.roles: dict[t.Tuple, Span] = {}  # tuples with `each` or `carry` that no scan has taken yet

    def declarations(self, tree: Tree[Token]) -> tuple[t.Declaration, ...]:
        """The declarations of a file."""
        found = tuple(map(self.build, tree.children))
        for span in self.roles.values():
            self.sink.add(RoleWithoutScan(span))
        return found

    def expression(self, tree: Tree[Token]) -> t.Expression:
        """The expression of an interpolation or a setting."""
        expression: t.Expression = self.build(tree.children[0])
        return expression

    def build(self, tree: Any) -> Any:
        """The node for a tree of Lark's."""
        meta = tree.meta
        start = getattr(meta, "start_pos", 0)
        end = getattr(meta, "end_pos", 0)
        return getattr(self, f"_{tree.data}")(start, end, tree.children)

    def _optional(self, tree: Any) -> Any:
        return None if tree is None else self.build(tree)

    def _all(self, trees: list[Any]) -> tuple[Any, ...]:
        return tuple(map(self.build, trees))

    def _identifier(self, token: Token) -> t.Identifier:
        assert token.start_pos is not None and token.end_pos is not None
        return t.Identifier(token.start_pos, token.end_pos, str(token))

    def _identifiers(self, tokens: list[Token]) -> tuple[t.Identifier, ...]:
        return tuple(map(self._identifier, tokens))

    # --- declarations

    def _import(self, start: int, end: int, parts: list[Any]) -> t.Import:
        return t.Import(start, end, self._all(parts[:-1]), self._string_token(parts[-1]))

    def _imported(self, start: int, end: int, parts: list[Any]) -> t.Imported:
        return t.Imported(start, end, self._identifier(parts[0]), self._identifier(parts[-1]))

    def _block(self, start: int, end: int, parts: list[Any]) -> t.Block:
        name, parameters, inputs, body = parts
        return t.Block(
            start,
            end,
            self._identifier(name),
            self._optional(parameters) or (),
            self._optional(inputs) or (),
            self.build(body),
            documentation(self.source.text, start),
        )

    def _model(self, start: int, end: int, parts: list[Any]) -> t.Model:
        name, parameters, body = parts
        identifier = self._identifier(name)
        found = self._optional(parameters) or ()
        return t.Model(start, end, identifier, found, self.build(body), documentation(self.source.text, start))

    def _train(self, start: int, end: int, parts: list[Any]) -> t.Train:
        name = None if parts[0] is None else self._identifier(parts[0])
        return t.Train(start, end, name, self.build(parts[1]))

    def _inputs(self, start: int, end: int, parts: list[Any]) -> tuple[t.BlockInput, ...]:
        return self._all(parts)

    def _block_input(self, start: int, end: int, parts: list[Any]) -> t.BlockInput:
        return t.BlockInput(start, end, self._identifier(parts[0]), len(parts) > 1)

    def _parameters(self, start: int, end: int, parts: list[Any]) -> tuple[t.Parameter, ...]:
        return self._all(parts)

    def _parameter(self, start: int, end: int, parts: list[Any]) -> t.Parameter:
        return t.Parameter(start, end, self._identifier(parts[0]), self._optional(parts[1]))

    # --- statements

    def _body(self, start: int, end: int, parts: list[Any]) -> t.Body:
        return t.Body(start, end, self._all(parts))

    def _bind(self, start: int, end: int, parts: list[Any]) -> t.Bind:
        return t.Bind(start, end, self._identifiers(parts[:-1]), self.build(parts[-1]))

    def _input(self, start: int, end: int, parts: list[Any]) -> t.Input:
        name, dtype, shape = parts
        return t.Input(start, end, self._identifier(name), self._identifier(dtype), self.build(shape))

    def _output(self, start: int, end: int, parts: list[Any]) -> t.Output:
        return t.Output(start, end, self._identifier(parts[0]), self._optional(parts[1]))

    def _require(self, start: int, end: int, parts: list[Any]) -> t.Require:
        return t.Require(start, end, self.build(parts[0]), self._optional(parts[1]))

    def _if(self, start: int, end: int, parts: list[Any]) -> t.If:
        *built, otherwise = [self._optional(part) for part in parts]
        return t.If(start, end, tuple(zip(built[::2], built[1::2], strict=True)), otherwise)

    def _for(self, start: int, end: int, parts: list[Any]) -> t.For:
        names, first, last, body = parts
        return t.For(start, end, self.build(names), self.build(first), self._optional(last), self.build(body))

    def _names(self, start: int, end: int, parts: list[Any]) -> tuple[t.Identifier, ...]:
        return self._identifiers(parts)

    def _training(self, start: int, end: int, parts: list[Any]) -> t.Training:
        return t.Training(start, end, self.build(parts[0]))

    def _rename(self, start: int, end: int, parts: list[Any]) -> t.Rename:
        published, own = map(self._string_token, parts)
        return t.Rename(start, end, published, own)

    def _order(self, start: int, end: int, parts: list[Any]) -> t.Order:
        return t.Order(start, end, self._all(parts))

    def _phase(self, start: int, end: int, parts: list[Any]) -> t.Phase:
        return t.Phase(start, end, self._identifier(parts[0]), self.build(parts[1]))

    # --- steps

    def _chain(self, start: int, end: int, parts: list[Any]) -> t.Chain:
        items: list[t.Item] = []
        for item in self._all(parts):
            before = items[-1].step if items and items[-1].label is None else None
            if isinstance(item.step, t.Scan) and isinstance(before, t.Tuple):
                self.roles.pop(before, None)
                items[-1] = item.replace(start=before.start, given=before.items)
            else:
                items.append(item)
        return t.Chain(start, end, tuple(items))

    def _item(self, start: int, end: int, parts: list[Any]) -> t.Item:
        return t.Item(start, end, self._optional(parts[0]), self.build(parts[1]))

    def _label(self, start: int, end: int, parts: list[Any]) -> t.Identifier | t.Text:
        if parts[0].data == "string":
            return self._string_token(parts[0].children[0])
        return t.Identifier(start, end, "".join(self.source.text[start:end].split()))

    def _repeat(self, start: int, end: int, parts: list[Any]) -> t.Repeat:
        count, step = self._all(parts)
        return t.Repeat(start, end, count, step)

    def _scan(self, start: int, end: int, parts: list[Any]) -> t.Scan:
        step, backward, steps = parts
        return t.Scan(start, end, self.build(step), backward is not None, self._optional(steps))

    def _residual(self, start: int, end: int, parts: list[Any]) -> t.Residual:
        return t.Residual(start, end, self.build(parts[0]), self._optional(parts[1]))

    def _merge(self, start: int, end: int, parts: list[Any]) -> t.Merge:
        return t.Merge(start, end, str(parts[0]), self._optional(parts[1]), self.build(parts[2]))

    # --- expressions

    def _operation(self, start: int, end: int, parts: list[Any]) -> t.Operation:
        return t.Operation(start, end, self._all(parts[::2]), tuple(map(str, parts[1::2])))

    _comparison = _sum = _term = _operation

    def _or(self, start: int, end: int, parts: list[Any]) -> t.Operation:
        return t.Operation(start, end, self._all(parts), ("or",) * (len(parts) - 1))

    def _and(self, start: int, end: int, parts: list[Any]) -> t.Operation:
        return t.Operation(start, end, self._all(parts), ("and",) * (len(parts) - 1))

    def _power(self, start: int, end: int, parts: list[Any]) -> t.Operation:
        return t.Operation(start, end, self._all(parts), ("**",))

    def _not(self, start: int, end: int, parts: list[Any]) -> t.Not:
        return t.Not(start, end, self.build(parts[0]))

    def _negate(self, start: int, end: int, parts: list[Any]) -> t.Expression:
        operand: t.Expression = self.build(parts[1])
        return t.Negate(start, end, operand) if parts[0] == "-" else operand

    def _conditional(self, start: int, end: int, parts: list[Any]) -> t.Conditional:
        return t.Conditional(start, end, *self._all(parts))

    def _postfix(self, start: int, end: int, parts: list[Any]) -> t.Postfix:
        base, *trailers = self._all(parts)
        return t.Postfix(start, end, base, tuple(trailers))

    def _arguments(self, start: int, end: int, parts: list[Any]) -> t.Arguments:
        return t.Arguments(start, end, self._all(parts))

    def _argument(self, start: int, end: int, parts: list[Any]) -> t.Argument:
        name = None if parts[0] is None else self._identifier(parts[0])
        value = self.build(parts[1])
        if isinstance(value, t.Chain):  # `f(a -> b)` is `f((a -> b))`
            value = t.Tuple(value.start, value.end, (t.Fed(value.start, value.end, None, value),))
        return t.Argument(start, end, name, value)

    def _subscript(self, start: int, end: int, parts: list[Any]) -> t.Subscript:
        return t.Subscript(start, end, tuple(map(self._element, parts)))

    def _element(self, part: Any) -> Any:
        return self._ellipsis(part) if isinstance(part, Token) else self.build(part)

    def _ellipsis(self, token: Token) -> t.Ellipsis:
        place = self._identifier(token)
        return t.Ellipsis(place.start, place.end)

    def _slice(self, start: int, end: int, parts: list[Any]) -> t.Slice:
        first, last, step = map(self._optional, parts)
        return t.Slice(start, end, first, last, step)

    def _member(self, start: int, end: int, parts: list[Any]) -> t.Member:
        return t.Member(start, end, str(parts[0]))

    def _list(self, start: int, end: int, parts: list[Any]) -> t.ListOf:
        return t.ListOf(start, end, tuple(map(self._element, parts)))

    def _tuple(self, start: int, end: int, parts: list[Any]) -> t.Expression:
        fed = self._all(parts)
        roles = [each for each in fed if each.role or each.along]
        if roles:
            made = t.Tuple(start, end, fed)
            self.roles[made] = Span(self.source, roles[0].start, roles[0].end)
            return made
        items = fed[0].chain.items
        if len(fed) == len(items) == 1 and fed[0].name is None and items[0].label is None:
            step = items[0].step
            if not isinstance(step, (t.Body, t.Repeat, t.Residual, t.Merge)):
                inner: t.Expression = step  # mere parentheses
                return inner
        return t.Tuple(start, end, fed)

    def _fed(self, start: int, end: int, parts: list[Any]) -> t.Fed:
        role, name, chain, along = parts
        identifier = None if name is None else self._identifier(name)
        return t.Fed(start, end, identifier, self.build(chain), role and str(role), self._optional(along))

    def _name(self, start: int, end: int, parts: list[Any]) -> t.Name:
        return t.Name(start, end, str(parts[0]))

    def _constant(self, start: int, end: int, parts: list[Any]) -> t.Constant:
        return t.Constant(start, end, {"true": True, "false": False, "none": None}[str(parts[0])])

    def _integer(self, start: int, end: int, parts: list[Any]) -> t.Number:
        text = str(parts[0])
        if len(text) > self.limits.digits:
            reason = f"this number has {len(text)} digits, and {self.limits.digits} are allowed"
            self.sink.add(BadNumber(Span(self.source, start, end), reason))
            return t.Number(start, end, 1)
        return t.Number(start, end, int(text))

    def _float(self, start: int, end: int, parts: list[Any]) -> t.Number:
        value = float(parts[0])
        if len(parts[0]) > 2 * self.limits.digits or value in (float("inf"),):
            self.sink.add(BadNumber(Span(self.source, start, end), "this number is too long or too large"))
            return t.Number(start, end, 1.0)
        return t.Number(start, end, value)

    def _string(self, start: int, end: int, parts: list[Any]) -> t.Text:
        return self._string_token(parts[0])

    def _string_token(self, token: Token) -> t.Text:
        place = self._identifier(token)
        parts: list[str | t.Expression] = []
        for match in re.compile(_PIECE).finditer(place.text, 1, len(place.text) - 1):
            if self.sink.full:
                break
            at = place.start + match.start()
            if match[1]:
                parts.append(self._escape(match[1], at))
            elif match[2] is not None:
                expression = self._interpolation(match[2], place.start + match.start(2))
                parts += [] if expression is None else [expression]
            elif match[3]:
                self.sink.add(BadEscape(Span(self.source, at, at + 1), f"this {match[3]} has no partner in the string"))
            else:
                parts.append(match[0])
        return t.Text(place.start, place.end, tuple(parts))

    def _escape(self, character: str, at: int) -> str:
        if character not in _ESCAPES:
            self.sink.add(BadEscape(Span(self.source, at, at + 2), f"\\{character} is not an escape"))
        return _ESCAPES.get(character, character)

    def _interpolation(self, text: str, offset: int) -> t.Expression | None:
        parsed = self.read_interpolation(Span(self.source, offset, offset + len(text)))
        return None if parsed is None else self.expression(parsed)

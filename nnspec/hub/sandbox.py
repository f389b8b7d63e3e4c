"""Jinja's immutable sandbox, with a bound on the work that a template may do: turns of loops, characters it makes.

Every loop is charged a turn and the text in its body, each time; texts are charged before they are joined, repeated or
replaced in, so that none can grow to take the memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

WORK = 1 << 22  # characters that are made, and turns of loops, in all
_TURN = 128  # what a turn costs, in characters
_TEXT_METHODS = frozenset(
    {"capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isnumeric",
     "isspace", "isupper", "join", "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rfind", "rsplit",
     "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper"}
)  # fmt: skip
_FILTERS = ("center", "format", "indent", "pprint", "wordwrap", "xmlattr")  # they make much of little


class _Charged(NodeTransformer):
    """Lets loops be charged, and texts that are joined by `~`."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        size = sum(len(each.data) for each in node.find_all(nodes.TemplateData))
        node.body.insert(0, nodes.ExprStmt(_call("charge", [nodes.Const(_TURN + size)])))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _call("joined", list(node.nodes))


class _Generation(Extension):
    """`{% generation %}`, by which templates mark answers for training: what stands in it is written as it is."""

    tags = {"generation"}  # noqa: RUF012 - a set of the base

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _call(method: str, arguments: list[nodes.Expr]) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(method), arguments, [], None, None)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of one rendering; what it has been charged is counted in it."""

    intercepted_binops = frozenset({"**", "*", "+", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation], finalize=self.shown
        )
        self.done = 0
        self.globals = {
            "raise_exception": _refuse, "strftime_now": _now, "range": self.numbers,
            "dict": dict, "namespace": self.globals["namespace"],
        }  # fmt: skip
        for name in _FILTERS:
            self.filters.pop(name, None)
        self.filters |= {"tojson": self.as_json, "join": self.join, "replace": self.replace}

    def charge(self, work: int) -> None:
        """Count some work.

        Raises:
            SecurityError: it is too much in all.
        """
        self.done += work
        if self.done > WORK:
            raise SecurityError("it loops too long, or writes too much")

    def shown(self, value: Any) -> Any:
        """A value that is written."""
        self.charge(_size(value))
        return value

    def joined(self, *values: Any) -> str:
        """Texts behind one another, as by `~`."""
        self.charge(sum(map(_size, values)))
        return "".join(map(str, values))

    def join(self, values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
        """The filter of that name."""
        items = [each[attribute] if attribute else each for each in values]
        self.charge(sum(map(_size, items)) + len(items) * len(between))
        return str(between).join(map(str, items))

    def replace(self, text: str, old: str, new: str, count: int = -1) -> str:
        """The filter and method of that name."""
        self.charge(len(text) + str(text).count(old) * len(new))
        return str(text).replace(old, new, count)

    def numbers(self, *bounds: int) -> range:
        """The function `range`."""
        found = range(*bounds)
        self.charge(len(found))
        return found

    def as_json(self, value: Any, ensure_ascii: bool = False, indent: int | None = None, **others: Any) -> str:
        """As `json.dumps`: Jinja's own escapes HTML."""
        text = json.dumps(value, ensure_ascii=ensure_ascii, indent=min(indent, 8) if indent else indent, **others)
        self.charge(len(text))
        return text

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may ask for an attribute; of texts only the methods that templates of the Hub use."""
        if isinstance(obj, str) and attr not in _TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Any, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call a function of a template; those of texts are charged before."""
        text = getattr(function, "__self__", None)
        if isinstance(text, str):
            self.charge(len(text))
            if function.__name__ == "replace":
                return self.replace(text, *arguments, **named)
            if function.__name__ == "join":
                return self.join(arguments[0], text)
        return super().call(context, function, *arguments, **named)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute `left operator right`; a power is small, and a text is not formatted."""
        if operator == "**" and (abs(left) > WORK or abs(right) > 64):
            raise SecurityError(f"{left} ** {right} is too large")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("texts are not formatted by %")
        if operator == "+":
            self.charge(_length(left) + _length(right))
        if operator == "*":
            self.charge(max(_length(left) * _times(right), _length(right) * _times(left)))
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = _Charged().visit(super()._parse(source, name, filename))
        assert isinstance(tree, nodes.Template)
        tree.set_environment(self)
        return tree


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(str(value))


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (str, bytes, list, tuple)) else 0


def _times(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _refuse(message: object) -> NoReturn:
    """What a template calls to refuse a conversation."""
    raise ValueError(str(message))


def _now(form: str) -> str:
    """The day and time, by which some models are told what day it is."""
    return datetime.now().astimezone().strftime(form[:100])

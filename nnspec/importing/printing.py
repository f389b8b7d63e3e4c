"""`printed`: a syntax tree as a text, broken into lines where an author would break it; `format` decides the rest."""

from __future__ import annotations

import re
from typing import Any

from nnspec.syntax import tree

WIDTH = 116
_LEVELS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6,
           "//": 6, "%": 6, "@": 6, "**": 8}  # fmt: skip
_PLAIN = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[0-9]+[A-Za-z_]\w*))*")


def printed(file: tree.File) -> str:
    """The text of all declarations."""
    return "\n".join("\n".join(_declaration(each)) + "\n" for each in file.declarations)


def _declaration(node: Any) -> list[str]:
    lines = [f"# {line}" for line in node.documentation.splitlines()]
    word = "block" if isinstance(node, tree.Block) else "model"
    parameters = ", ".join(
        each.name.text if each.default is None else f"{each.name.text} = {expression(each.default)}"
        for each in node.parameters
    )
    head = f"{word} {node.name.text}" + (f"({parameters})" if parameters else "")
    if isinstance(node, tree.Block) and node.inputs:
        head += ": " + ", ".join(each.name.text + "?" * each.optional for each in node.inputs)
    return [*lines, *_broken(f"{head} {{", 0), *_statements(node.body, 1), "}"]


def _broken(line: str, indent: int) -> list[str]:
    """A line that is too long with its outermost arguments on lines of their own."""
    text = "  " * indent + line
    if len(text) <= WIDTH:
        return [text]
    depth, starts = 0, -1
    for place, sign in enumerate(line):
        if sign in "([":
            depth += 1
            starts = place if depth == 1 else starts
        elif sign in ")]":
            depth -= 1
            if depth == 0 and place - starts > WIDTH // 2:
                inner, rest = _wrapped(line[starts + 1 : place], indent + 1), line[place:]
                return ["  " * indent + line[: starts + 1], *inner, *_broken(rest, indent)]
    return [text]


def _wrapped(text: str, indent: int) -> list[str]:
    """Arguments over several lines."""
    parts, depth, last = [], 0, 0
    quoted = False
    for place, sign in enumerate(text):
        quoted ^= sign == '"'
        depth += (sign in "([") - (sign in ")]") if not quoted else 0
        if sign == "," and depth == 0 and not quoted:
            parts.append(text[last : place + 1].strip())
            last = place + 1
    parts.append(text[last:].strip())
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) + 1 + 2 * indent > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {part}".strip()
    return ["  " * indent + line for line in lines]


def _statements(body: tree.Body, indent: int) -> list[str]:
    lines: list[str] = []
    for each in body.statements:
        lines += _statement(each, indent)
    return lines


def _statement(node: Any, indent: int) -> list[str]:
    if isinstance(node, tree.Bind):
        return _chain(", ".join(each.text for each in node.names) + " = ", node.chain, indent)
    if isinstance(node, tree.Input):
        return ["  " * indent + f"input {node.name.text}: {node.dtype.text}{expression(node.shape)}"]
    if isinstance(node, tree.Output):
        if node.chain is None:
            return ["  " * indent + f"output {node.name.text}"]
        return _chain(f"output {node.name.text} = ", node.chain, indent)
    if isinstance(node, tree.Order):
        return _broken("order " + ", ".join(_label(each) for each in node.labels), indent)
    if isinstance(node, tree.If):
        ((condition, body),) = node.branches
        return _indented(_braces(f"if {expression(condition)} ", body, indent), indent)
    assert isinstance(node, tree.Chain)
    return _chain("", node, indent)


def _indented(lines: list[str], indent: int) -> list[str]:
    return ["  " * indent + lines[0], *lines[1:]]


def _chain(start: str, chain: tree.Chain, indent: int) -> list[str]:
    """A chain on one line, or with an arrow at the head of each further one."""
    parts = [_item(each, indent) for each in chain.items]
    lines: list[str] = []
    current = "  " * indent + start
    for place, part in enumerate(parts):
        arrow = " -> " if place else ""
        if place and len(current) + len(arrow) + len(part[0]) > WIDTH and len(part) == 1:
            lines.append(current)
            current = "  " * (indent + 1) + "-> " + part[0]
        else:
            current += arrow + part[0]
        for line in part[1:]:
            lines.append(current)
            current = line
    lines.append(current)
    return [
        broken
        for line in lines
        for broken in (_broken(line.strip(), (len(line) - len(line.lstrip())) // 2) if len(line) > WIDTH else [line])
    ]


def _item(item: tree.Item, indent: int) -> list[str]:
    """A step; the first line of several goes on the line before it."""
    label = "" if item.label is None else f"{_label(item.label)}: "
    lines = _step(item.step, indent)
    return [label + lines[0], *lines[1:]]


def _step(step: Any, indent: int) -> list[str]:
    if isinstance(step, tree.Body):
        return _braces("", step, indent)
    if isinstance(step, tree.Residual):
        lines = _braces("residual ", step.body, indent)
        if step.skip is None:
            return lines
        skip = _braces("skip ", step.skip, indent)
        if len(lines) == 1 and len(lines[0]) + len(skip[0]) > WIDTH - 2 * indent:
            lines, skip = (
                [f"{head}{{", *_statements(body, indent + 1), "  " * indent + "}"]
                for head, body in (("residual ", step.body), ("skip ", step.skip))
            )
        return [*lines[:-1], f"{lines[-1]} {skip[0]}", *skip[1:]]
    if isinstance(step, tree.Merge):
        return _braces(f"{step.kind}{'' if step.arguments is None else _arguments(step.arguments)} ", step.body, indent)
    if isinstance(step, tree.Repeat):
        lines = _step(step.step, indent)
        return [f"{expression(step.count, 9)} x {lines[0]}", *lines[1:]]
    return [expression(step)]


def _braces(head: str, body: tree.Body, indent: int) -> list[str]:
    lines = _statements(body, indent + 1)
    if len(lines) == 1 and len(lines[0]) + len(head) < WIDTH - 30:
        return [f"{head}{{ {lines[0].strip()} }}"]
    return [f"{head}{{", *lines, "  " * indent + "}"]


def _label(label: Any) -> str:
    text = label.text if isinstance(label, tree.Identifier) else "".join(label.parts)
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def expression(node: Any, level: int = 0) -> str:
    """An expression; in parentheses where what stands around it binds more closely."""
    text, own = _expression(node)
    return f"({text})" if own < level else text


def _expression(node: Any) -> tuple[str, int]:
    match node:
        case tree.Name():
            return node.text, 10
        case tree.Number():
            return _number(node.value), 10
        case tree.Constant():
            return {True: "true", False: "false", None: "none"}[node.value], 10
        case tree.Text():
            return '"' + "".join(
                _escaped(each) if isinstance(each, str) else f"{{{expression(each)}}}" for each in node.parts
            ) + '"', 10
        case tree.Ellipsis():
            return "...", 10
        case tree.ListOf():
            return f"[{', '.join(expression(each) for each in node.items)}]", 10
        case tree.Tuple():
            return f"({', '.join(_fed(each) for each in node.items)})", 10
        case tree.Postfix():
            return expression(node.base, 9) + "".join(_trailer(each) for each in node.trailers), 9
        case tree.Negate():
            return f"-{expression(node.operand, 8)}", 7
        case tree.Not():
            return f"not {expression(node.operand, 4)}", 3
        case tree.Operation():
            return _operation(node)
        case tree.Chain():
            return " -> ".join("".join(_item(each, 0)) for each in node.items), 0
    raise AssertionError(type(node).__name__)


def _operation(node: tree.Operation) -> tuple[str, int]:
    level = _LEVELS[node.operators[0]]
    power = level == 8
    text = expression(node.operands[0], level + 1 if power or level == 4 else level)
    for sign, operand in zip(node.operators, node.operands[1:], strict=True):
        negative = isinstance(operand, tree.Negate) and not power
        shown = expression(operand, 9 if power and not isinstance(operand, tree.Negate) else level + 1)
        text += f" {sign} " + (f"({expression(operand)})" if negative and not shown.startswith("(") else shown)
    return text, level


def _number(value: int | float) -> str:
    return re.sub(r"e(-?)\+?0*", r"e\1", repr(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("{", "\\{").replace("}", "\\}")


def _fed(node: tree.Fed) -> str:
    name = "" if node.name is None else f"{node.name.text} = "
    return name + expression(node.chain)


def _trailer(node: Any) -> str:
    if isinstance(node, tree.Member):
        return f".{node.name}"
    if isinstance(node, tree.Arguments):
        return _arguments(node)
    return f"[{', '.join(_slice(each) for each in node.items)}]"


def _arguments(node: tree.Arguments) -> str:
    shown = [("" if each.name is None else f"{each.name.text} = ") + expression(each.value) for each in node.items]
    return f"({', '.join(shown)})"


def _slice(node: Any) -> str:
    if not isinstance(node, tree.Slice):
        return expression(node)
    first, last, step = ("" if each is None else expression(each) for each in (node.first, node.last, node.step))
    return f"{first}:{last}" + (f":{step}" if step else "")

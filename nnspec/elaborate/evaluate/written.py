"""The text of a number that follows from the parameters of a body: `4 * width`, and not 3072.

What `nnspec` writes for others to read keeps it. Names of the body that were made of parameters are replaced by what
they are, and all others by their numbers. The text is one of Python, too.
"""

from __future__ import annotations

from nnspec.elaborate.frame import Environment, Frame
from nnspec.elaborate.values import is_number
from nnspec.syntax import tree as t

LENGTH = 80  # of a text that a person wants to read; names that are made of each other could double it at every line
FUNCTIONS = frozenset({"abs", "int", "max", "min", "round", "sqrt"})  # that mean in Python what they mean here


def written(frame: Frame, node: t.Step) -> str:
    """The text of an expression; "" where it is a plain number, or made of something else than numbers and parameters.

    One that is made of names for numbers alone is that number.
    """
    if type(node) is t.Name:
        return _name(frame.environment, node.text)[0] or ""
    if isinstance(node, (t.Number, t.Constant, t.Text)):
        return ""
    text, depends = _text(frame, node)
    return text if text is not None and depends and len(text) <= LENGTH else ""


# A text, None where there is none, and whether a parameter is in it.
_Text = tuple[str | None, bool]


def _text(frame: Frame, node: t.Step) -> _Text:
    match node:
        case t.Number():
            return repr(node.value), False
        case t.Name():
            return _name(frame.environment, node.text)
        case t.Negate():
            text, depends = _text(frame, node.operand)
            return text and f"-({text})", depends
        case t.Operation() if not {"and", "or"}.intersection(node.operators):
            return _operation(frame, node)
        case t.ListOf():
            return _joined(frame, node.items, "[", "]")
        case t.Postfix(base=t.Name() as base, trailers=(t.Arguments() as given,)):
            known = base.text in FUNCTIONS and not frame.environment.find(base.text)[0]
            if known and not any(item.name for item in given.items):
                return _joined(frame, tuple([item.value for item in given.items]), f"{base.text}(", ")")
    return None, False


def _name(environment: Environment, name: str) -> _Text:
    text = environment.text_of(name)
    if text is not None:
        return text, True
    value = environment.find(name)[1]
    return (repr(value), False) if is_number(value) else (None, False)


def _operation(frame: Frame, node: t.Operation) -> _Text:
    parts, depends = list[str](), False
    for operand in node.operands:
        text, of_parameters = _text(frame, operand)
        if text is None or len(text) > LENGTH:
            return None, False
        parts.append(f"({text})" if isinstance(operand, t.Operation) or " " in text or text[0] == "-" else text)
        depends |= of_parameters
    text = parts[0]
    for symbol, part in zip(node.operators, parts[1:], strict=True):
        text += f" {symbol} {part}"
    return text, depends


def _joined(frame: Frame, nodes: tuple[t.Expression, ...], before: str, behind: str) -> _Text:
    found = [_text(frame, node) for node in nodes]
    texts = [text for text, _ in found if text is not None]
    if len(texts) < len(found):
        return None, False
    return f"{before}{', '.join(texts)}{behind}", any(depends for _, depends in found)

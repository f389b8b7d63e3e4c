"""Mistakes in a text that are found before its meaning is looked at."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Label

_PARTNER = {"(": ")", "[": "]", "{": "}"}


def _choice(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


class UnexpectedText(Diagnostic):
    """The text does not follow the grammar at this place.

    The words under the caret cannot stand here. The label says what could. Common causes are a bracket that was not
    closed, two steps on one line without `->` or `;` between them, and `=` where a label wants `:`.
    """

    code = "E0101"
    found: str
    expected: tuple[str, ...] = ()
    advice: str | None = None
    opened: tuple[Label, ...] = ()

    @property
    def message(self) -> str:
        return f"{self.found} cannot stand here"

    @property
    def label(self) -> str:
        return f"expected {_choice(self.expected)}" if self.expected else ""

    @property
    def labels(self) -> tuple[Label, ...]:
        return self.opened

    @property
    def help(self) -> str | None:
        return self.advice or (f"write {_choice(self.expected)} here" if self.expected else "remove it")


class UnexpectedEnd(Diagnostic):
    """The text ends in the middle of a declaration: a bracket is not closed, or a statement is not finished."""

    code = "E0102"
    expected: tuple[str, ...] = ()
    opened: str | None = None

    @property
    def message(self) -> str:
        return "the file ends in the middle of a declaration"

    @property
    def label(self) -> str:
        if self.opened:
            return f"this `{self.opened}` is not closed"
        return f"expected {_choice(self.expected)} after this" if self.expected else ""

    @property
    def help(self) -> str | None:
        if self.opened:
            return f"close it with `{_PARTNER[self.opened]}`"
        return "finish the declaration"


class UnknownCharacter(Diagnostic):
    """A character that the language does not use outside strings and comments, or a string that is not closed."""

    code = "E0103"
    character: str

    @property
    def message(self) -> str:
        if self.character == '"':
            return "this string is not closed on its line"
        return f"the character {self.character!r} means nothing here"

    @property
    def help(self) -> str | None:
        if self.character == '"':
            return 'end the string with "'
        if self.character.isalnum():
            return "names are written with the letters A to Z, a to z, digits and _"
        meant = {
            "'": 'strings stand between "',
            "&": "write `and`",
            "|": "write `or`",
            "!": "write `not`, or `!=`",
            "→": "write `->`",
            "×": "write `x`: 3 x Layer",
            "“": 'strings stand between "',
            "”": 'strings stand between "',
        }
        return meant.get(self.character, "remove it, or put it into a string")


class NothingDeclared(Diagnostic):
    """The file holds no block and no model. A spec is at least `model Name { input x: float[N, 4] ... }`."""

    code = "E0104"

    @property
    def message(self) -> str:
        return "this file declares nothing"

    @property
    def help(self) -> str | None:
        return "write a model:\nmodel Name {\n  input x: float[N, 784]\n  Linear(10)\n}"


class UnreadableSpec(Diagnostic):
    """The file cannot be read: it is not there, is a folder, may not be read, or is not UTF-8 text."""

    code = "E0105"
    path: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"cannot read {self.path}: {self.reason}"


class TooLarge(Diagnostic):
    """A bound that keeps any input from taking the machine is exceeded.

    The bounds are stated in `nnspec check --help`. Whoever runs nnspec can raise one with `--limit NAME=VALUE`;
    a spec cannot.
    """

    code = "E0106"
    what: str
    limit: str
    bound: int

    @property
    def message(self) -> str:
        return f"{self.what} is more than the limit of {self.bound:,}"

    @property
    def help(self) -> str | None:
        return f"make it smaller, or raise the limit for this run: --limit {self.limit}={self.bound * 2}"


class BadNumber(Diagnostic):
    """Numbers are written with the digits 0 to 9, at most twelve of them."""

    code = "E0107"
    reason: str

    @property
    def message(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        return "write it with the digits 0 to 9"


class BadEscape(Diagnostic):
    """In a string, a backslash stands before one of: \\" \\\\ \\n \\t \\{ \\}, and `{...}` holds an expression."""

    code = "E0108"
    reason: str

    @property
    def message(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        return "write \\\\ for a backslash and \\{ for a brace"


class RoleWithoutScan(Diagnostic):
    """`each`, `carry` and `along` say what a scan does with a value: they stand in the tuple right before `scan`.

    `(each words along 1, carry state = start, memory) -> decoder: scan Decoder(...)` gives the block one place of
    `words` after the other, and its output `state` again as its input `state`.
    """

    code = "E0255"

    @property
    def message(self) -> str:
        return "`each`, `carry` and `along` are for a scan, and no `scan` follows"

    @property
    def help(self) -> str | None:
        return "let the tuple flow into one: (each x, carry state = start) -> scan Step(...)"


class OldLet(Diagnostic):
    """A line begins with `let`, as it did before nnspec 1.0.

    Whatever a name holds, a number, a string, a list, a layer, a block or a value of the network, is given to it by
    `=`: `width = 64`, `sizes = [64, 128]`, `unit = Conv2d(64, 3)`, `sum = a + b`.
    """

    code = "E0245"
    line: str

    @property
    def message(self) -> str:
        return "names are given by `=` alone"

    @property
    def label(self) -> str:
        return "`let` is no word of the language"

    @property
    def help(self) -> str | None:
        return f"write {self.line}"

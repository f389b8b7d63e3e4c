"""The difference of two models: its text, and its picture."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nnspec.difference.compare import Change, changes
from nnspec.difference.keys import Keys, compare_keys
from nnspec.dims import Size, substitute
from nnspec.ir import Module, Program
from nnspec.ir.batch import batch_of
from nnspec.ir.macs import macs
from nnspec.ir.state import totals
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.picture.build import View
from nnspec.picture.picture import Picture
from nnspec.picture.words import shape_text, shown
from nnspec.record import Record

_MOST = 60  # keys of a kind that are listed


class Difference(Record):
    """What changes from a model to another one; `print` it, or `draw()` it."""

    before: Program
    after: Program
    changes: tuple[Change, ...]
    keys: Keys

    @property
    def same(self) -> bool:
        """Whether nothing has changed but names of values and places."""
        one, other = self.before.main, self.after.main
        ports = _ports(one, "inputs") == _ports(other, "inputs") and _ports(one, "outputs") == _ports(other, "outputs")
        return ports and not (self.changes or self.keys.new or self.keys.gone or self.keys.changed)

    def __str__(self) -> str:
        one, other = self.before.main, self.after.main
        head = one.name if one.name == other.name else f"{one.name} -> {other.name}"
        if self.same:
            return f"{head}: no difference"
        return "\n".join([head, *self._counts(), *self._steps(), *self._keys()])

    __repr__ = __str__  # what an interactive Python shows

    def draw(self) -> Picture:
        """Both models side by side: what is new, gone and changed is marked, and blocks with changes are open."""
        was: dict[str, str] = {}
        now: dict[str, str] = {}
        for change in (each for top in self.changes for each in top.all()):
            if not change.inside:
                if change.kind != "new":
                    was[change.was] = change.kind
                if change.kind != "gone":
                    now[change.path] = change.kind
        return Picture([View(self.before, _around(was), was), View(self.after, _around(now), now)])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>" + ("" if self.same else self.draw()._repr_html_())

    def _counts(self) -> Iterator[str]:
        one, other = self.before, self.after
        rows: list[tuple[str, Size, Size]] = [
            ("parameters", totals(one)[one.entry].parameters, totals(other)[other.entry].parameters),
            ("multiply-accumulates", _cost(one), _cost(other)),
            ("keys", self.keys.before, self.keys.after),
        ]
        for name, before, after in rows:
            yield f"  {name:<22}{_arrow(_number(before), _number(after))}{_grown(before, after)}"
        for name in ("inputs", "outputs"):
            first, second = _ports(one.main, name), _ports(other.main, name)
            if first != second:
                yield f"  {name:<22}{_arrow(', '.join(first), ', '.join(second))}"
        for name in dict.fromkeys([*one.main.arguments, *other.main.arguments]):
            before_, after_ = one.main.arguments.get(name), other.main.arguments.get(name)
            if before_ != after_:
                yield f"  {name:<22}{_arrow(shown(before_), shown(after_))}"

    def _steps(self) -> Iterator[str]:
        if self.changes:
            yield "\nsteps"
        for change in self.changes:
            yield from _lines(change, 1, ("", ""))

    def _keys(self) -> Iterator[str]:
        kinds = (("+", self.keys.new), ("-", self.keys.gone), ("~", self.keys.changed))
        if any(keys for _, keys in kinds):
            yield "\nkeys"
        for sign, keys in kinds:
            yield from (f"  {sign} {key}" for key in keys[:_MOST])
            if len(keys) > _MOST:
                yield f"  {sign} ... and {len(keys) - _MOST:,} more"


def difference(before: Program, after: Program, limits: Limits = DEFAULT_LIMITS) -> Difference:
    """Compare two models.

    Raises:
        SpecError: a model has more layers than the limit.
    """
    return Difference(before, after, changes(before, after), compare_keys(before, after, limits))


def _lines(change: Change, depth: int, above: tuple[str, str]) -> Iterator[str]:
    sign = {"new": "+", "gone": "-", "changed": "~"}[change.kind]
    before, after = change.was.removeprefix(above[0]), change.path.removeprefix(above[1])
    counted = before.isdecimal() and after.isdecimal()
    path = _arrow(before, after) if change.kind == "changed" and not counted else after or before
    said = f"  ({'; '.join(change.parts)})" if change.parts else ""
    yield f"{'  ' * depth}{sign} {path}: {_arrow(change.before, change.after)}{said}"
    for each in change.inside:
        yield from _lines(each, depth + 1, (f"{change.was}.", f"{change.path}."))


def _around(paths: dict[str, str]) -> frozenset[str]:
    """The paths of all blocks around these."""
    found = set()
    for path in paths:
        parts = path.split(".")
        found |= {".".join(parts[:length]) for length in range(1, len(parts))}
    return frozenset(found)


def _ports(module: Module, name: str) -> list[str]:
    return [f"{port.name} {shape_text(module.values[port.value])}" for port in getattr(module, name)]


def _cost(program: Program) -> Size:
    counted = batch_of(program)
    one: dict[str, Size] = {counted.symbol: 1} if counted else {}
    return substitute(macs(program)[program.entry], one)


def _number(size: Size) -> str:
    return f"{size:,}" if isinstance(size, int) else str(size)


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before or 'none'} -> {after or 'none'}"


def _grown(before: Size, after: Size) -> str:
    if not (isinstance(before, int) and isinstance(after, int)) or before == after:
        return ""
    share = f", {(after - before) / before:+.1%}" if before else ""
    return f"  ({after - before:+,}{share})"

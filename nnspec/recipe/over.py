"""`recipe = "other.nn"`: the recipe of another file, whose keys hold where a block does not say otherwise."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import WrongKind
from nnspec.recipe.lines import Lines, Value, builds, read_lines
from nnspec.recipe.recipe import KEYS, OVER
from nnspec.recipe.written import Written
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.walk import names_in


class NotTakenOver(Diagnostic):
    """A recipe cannot be taken over: its file has none, or several, or one that is about networks of its own.

    `recipe = "other.nn"` takes the `train` block of that file that has no name or the name of this model, or the only
    one. Blocks with labels or phases build networks of their file and stay with them.
    """

    code = "E0472"
    file: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.file} {self.reason}"


class TakenOver(Record):
    """The lines of a recipe that is taken over, with the file whose names they use."""

    declarations: Declarations
    keys: dict[str, Written]
    values: tuple[Value, ...]
    over: TakenOver | None  # which takes one over itself

    @property
    def all_values(self) -> tuple[Value, ...]:
        """Its values, and those of the recipe that it takes over."""
        return (*(self.over.all_values if self.over else ()), *self.values)

    @property
    def names(self) -> set[str]:
        """What the files of these lines declare."""
        return {*self.declarations.names, *self.declarations.broken} | (self.over.names if self.over else set())

    @property
    def used(self) -> frozenset[str]:
        """The names that its lines use."""
        lines = (*self.values, *(each.node for each in self.keys.values()))
        own = frozenset(name for line in lines for name in names_in(line))
        return own | (self.over.used if self.over else frozenset())

    def kept(self, lines: Lines) -> dict[str, Written]:
        """Its keys, for a block of these lines: one with phases has losses of its own."""
        every = {**(self.over.kept(lines) if self.over else {}), **self.keys}
        return {key: each for key, each in every.items() if key != "loss" or not lines.phases}


def taken_over(frame: Frame, declarations: Declarations, block: t.Train, model: str) -> TakenOver | None:
    """The recipe that a block takes over; its constants are known in the frame from here on."""
    line = next((each for each in block.body.statements if isinstance(each, t.Bind) and _is_over(each)), None)
    if line is None:
        return None
    step = line.chain.items[0].step
    span = frame.replace(declarations=declarations).span(line.chain)
    if not isinstance(step, t.Text) or len(line.chain.items) > 1 or len(step.parts) != 1:
        frame.report(WrongKind(span, 'the path of a spec, recipe = "other.nn"', "something else"))
        return None
    other = declarations.recipes.get(block.start)
    if other is None:
        return None  # told where the file was read
    chosen = _chosen(other, model)
    if chosen is None or builds(chosen):
        reason, advice = (
            ("builds networks of its own, which stay with it", "take over a recipe without labels and phases")
            if chosen
            else ("has no recipe for this", f"write one `train` block in it without a name, or train {model}")
        )
        frame.report(NotTakenOver(span, other.source.name, reason, advice))
        return None
    below = taken_over(frame, other, chosen, model)
    own = {name.text for each in block.body.statements if isinstance(each, t.Bind) for name in each.names}
    kept = tuple([each for each in chosen.body.statements if not (_is_over(each) or _is_value(each, own))])
    inner = frame.replace(declarations=other)
    used = frozenset(name for each in block.body.statements for name in names_in(each))
    lines = read_lines(inner, kept, KEYS, used | (below.used if below else frozenset()))
    return TakenOver(other, lines.keys, lines.values, below)


def _chosen(other: Declarations, model: str) -> t.Train | None:
    """The block of a file that is taken over."""
    blocks = {block.name.text if block.name else None: block for block in other.trains}
    alone = other.trains[0] if len(other.trains) == 1 else None
    return blocks.get(model) or blocks.get(None) or alone


def _is_over(line: t.Statement) -> bool:
    return isinstance(line, t.Bind) and [name.text for name in line.names] == [OVER]


def _is_value(line: t.Statement, own: set[str]) -> bool:
    """Whether a line gives values to names that the other block gives values to itself."""
    return isinstance(line, t.Bind) and not {name.text for name in line.names} - own

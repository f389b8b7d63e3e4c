"""The lines of a `train` block: its keys with their texts, its other values, its phases, and its model.

A name that is no key of the recipe is a value which later lines use. A block with phases, or with labels, builds
networks of its own out of the models of the file; any other judges what one model gives.
"""

from __future__ import annotations

from collections.abc import Set

from nnspec.diagnostics import Sink, nearest
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.evaluate.arithmetic import FUNCTIONS
from nnspec.elaborate.frame import Failed, Frame
from nnspec.elaborate.mistakes import AlreadyDeclared, Misplaced
from nnspec.elaborate.statements.run import begin, run
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.mistakes import OtherModel, UnknownKey
from nnspec.recipe.recipe import OUTSIDE, OVER
from nnspec.recipe.written import Written, lone_expression, train_frame
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.walk import labels_in, names_in, nodes

Value = t.Bind | t.For


class Lines(Record):
    """The lines of a block or a phase: its keys with their texts, its values, and the phases in it."""

    keys: dict[str, Written]
    values: tuple[Value, ...]
    phases: tuple[t.Phase, ...]


def read_lines(
    frame: Frame, statements: tuple[t.Statement, ...], known: tuple[str, ...], further: Set[str] = frozenset()
) -> Lines:
    """The keys of a block or phase with what they are, its other values, and its phases.

    `further` are names that lines elsewhere use.
    """
    keys: dict[str, Written] = {}
    values: list[Value] = []
    used = [names_in(statement) for statement in statements]
    for index, statement in enumerate(statements):
        try:
            if isinstance(statement, (t.Phase, t.For)):
                if isinstance(statement, t.For):
                    values.append(statement)
                continue
            name = _named(frame, statement)
            if name.text == OVER and OVER in known:
                continue  # see over.py
            if isinstance(statement, t.Bind) and name.text in known:
                if name.text in keys:
                    frame.fail(AlreadyDeclared(frame.span(name), name.text))
                keys[name.text] = Written(statement.chain, frame.declarations)
                continue
            if name.text in OUTSIDE:
                frame.fail(Misplaced(frame.span(name), f"`{name.text}`", OUTSIDE[name.text]))
            assert isinstance(statement, t.Bind)
            if name.text not in further and not any(name.text in names for names in used[index + 1 :]):
                frame.fail(UnknownKey(frame.span(name), name.text, known, nearest(name.text, known)))
            values.append(statement)
            if _is_constant(frame, statement):
                run(frame, statement)
        except Failed:
            continue
    return Lines(keys, tuple(values), tuple(each for each in statements if isinstance(each, t.Phase)))


def _named(frame: Frame, statement: t.Statement) -> t.Identifier:
    """The (first) name that a line gives a value to."""
    if not isinstance(statement, t.Bind):
        frame.fail(Misplaced(frame.span(statement), "this statement", "a recipe is made of `key = value` lines"))
    return statement.names[0]


def _is_constant(frame: Frame, statement: t.Bind) -> bool:
    """Whether a line gives a name to what is known without a network: keys of the recipe may use it."""
    plain = lone_expression(statement.chain)
    known = {*frame.environment.known(), *FUNCTIONS}
    return len(statement.names) == 1 and plain is not None and names_in(plain) <= known


def find_block(declarations: Declarations, model: str, sink: Sink) -> t.Train | None:
    """The block of a model: that of its name, or the one without a name, or one that builds on the model."""
    frame = train_frame(begin(sink, DEFAULT_LIMITS), declarations)
    chosen: dict[str | None, t.Train] = {}
    building: list[t.Train] = []
    for block in declarations.trains:
        name = block.name.text if block.name else None
        place = block.name or block
        if name in chosen:
            frame.report(AlreadyDeclared(frame.span(place), f"train {name or ''}".strip(), frame.span(chosen[name])))
        if name is not None and name not in declarations.names:
            building.append(block)
            if not builds(block):
                names = [definition.name for definition in declarations.models]
                meant = nearest(name, names)
                frame.report(OtherModel(frame.span(place), name, meant))
                name = meant or name  # what else is wrong is told of the recipe that was meant
        chosen.setdefault(name, block)
    users = [block for block in building if model in names_in(block.body)]
    return chosen.get(model) or chosen.get(None) or next(iter(users), None)


def builds(block: t.Train) -> bool:
    """Whether a block has phases, or labels anything: then it builds networks of its own."""
    return any(isinstance(node, t.Phase) or (isinstance(node, t.Item) and node.label) for node in nodes(block.body))


def loose_names(node: object) -> set[str]:
    """The names that a piece of the text uses as values and does not declare: fields of data, outputs of a model."""
    others: set[str] = set()
    for each in nodes(node):
        match each:
            case t.Postfix(base=t.Name(text=called)) if any(isinstance(x, t.Arguments) for x in each.trailers):
                others.add(called)
            case t.Chain():  # what stands behind an arrow is applied
                others |= {item.step.text for item in each.items[1:] if isinstance(item.step, t.Name)}
            case t.Bind():
                others |= {name.text for name in each.names} - names_in(each.chain)
            case t.For():
                others |= {name.text for name in each.names}
    return names_in(node) - others - labels_in(node)

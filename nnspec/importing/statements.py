"""`Statements`: the pieces of a body as lines: values flow from one to the next, or have names where they branch.

A value that is used once, by the next step, is handed on by an arrow; arithmetic is written inside what uses it. All
else has a line of its own, and a name if more than the flow is needed to reach it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnspec.importing import syntax
from nnspec.importing.bodies import Call, Group, Step
from nnspec.importing.chains import BRACED, is_stage, joined, kind_of, unlabelled
from nnspec.importing.composing import Composite, Piece, composed
from nnspec.importing.naming import Names, is_simple
from nnspec.importing.network import Stored
from nnspec.importing.positions import positioned
from nnspec.importing.slots import Slots
from nnspec.importing.writing import is_expression, step, value_of
from nnspec.syntax import tree

INLINE = 5  # operations in one expression


class Line:
    """A statement to be: the piece whose result it gives, and how it is named."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.values = piece.outputs
        self.output: list[str] = []  # names of outputs that it is
        self.later: list[str] = []  # and of those that are said at the end
        self.named = False
        self.labelled = False


class Statements:
    """Writes the pieces of one body, group or branch."""

    def __init__(self, slots: Slots, names: Names, types: Mapping[str, Any]) -> None:
        self.slots = slots
        self.names = names
        self.types = types

    def body(
        self, items: Sequence[Any], flowing: str | None, outputs: Sequence[tuple[str, str]], *, named: bool
    ) -> list[Any]:
        """The statements.

        Args:
            items: in the order of the data.
            flowing: the value that flows in, if one does.
            outputs: names and values; where they are not `named` there is one, which flows out.
            named: whether outputs have names of their own.
        """
        pieces = composed(items, [value for _, value in outputs], self.types)
        return positioned(_Lines(self, pieces, flowing, outputs, named).written(), self.names.fresh)

    def branch(self, pieces: Sequence[Piece], flowing: str, result: str | None) -> list[Any]:
        """The statements of a branch, whose pieces are composed already."""
        outputs = [] if result is None else [("", result)]
        return _Lines(self, list(pieces), flowing, outputs, False).written()


class _Lines:
    def __init__(
        self,
        owner: Statements,
        pieces: list[Piece],
        flowing: str | None,
        outputs: Sequence[tuple[str, str]],
        named: bool,
    ) -> None:
        self.owner = owner
        self.slots, self.names = owner.slots, owner.names
        self.pieces = pieces
        self.current = flowing
        self.start = flowing
        self.outputs = outputs
        self.has_named = named
        self.late = False  # whether outputs are said at the end, in their order
        self.maker = {value: piece for piece in pieces for value in piece.outputs}
        self.users: dict[str, list[Piece | None]] = {}
        for piece in pieces:
            for value in piece.reads:
                self.users.setdefault(value, []).append(piece)
        for _, value in outputs:
            self.users.setdefault(value, []).append(None)
        self.lines = self._lines()

    # --- which values have lines of their own

    def _lines(self) -> list[Line]:
        lines = [Line(piece) for piece in self.pieces if self._is_root(piece)]
        if not self.has_named and self.outputs:
            last = self.outputs[0][1]
            lines.sort(key=lambda line: last in line.values)
        if not self.has_named:
            return lines
        holder = {value: place for place, line in enumerate(lines) for value in line.values}
        end = len(lines)  # where outputs that are inputs are said
        places = [holder.get(value, end) for _, value in self.outputs]
        self.late = places != sorted(set(places)) or any(
            len(lines[place].values) > 1 for place in places if place < end
        )
        for place, (name, _) in zip(places, self.outputs, strict=True):
            if place < end:
                (lines[place].later if self.late else lines[place].output).append(name)
        return lines

    def _is_root(self, piece: Piece) -> bool:
        if isinstance(piece, Step) and isinstance(piece.operation.layer, Stored):
            return True
        if isinstance(piece, Step) and piece.operation.layer.kind == "Constant":
            return any(each is None for each in self.users.get(piece.outputs[0], []))
        if len(piece.outputs) != 1 or (isinstance(piece, Call) and len(self.slots.results(piece)) > 1):
            return True
        users = self.users.get(piece.outputs[0], [])
        if len(users) != 1 or users[0] is None:
            return True
        user = users[0]
        if isinstance(user, Composite):
            return piece.outputs[0] != user.read
        if self._is_arithmetic(user):
            return not self._is_arithmetic(piece) or self._weight(user) > INLINE
        if len(user.reads) > 1 or user.inputs.count(piece.outputs[0]) > 1:
            return not self._is_small(piece)
        return False

    def _is_arithmetic(self, piece: Piece) -> bool:
        """Whether a piece is written as an expression."""
        if not isinstance(piece, Step) or piece.label_kept(self.names.labels) is not None:
            return False
        layer = piece.operation.layer
        if not is_expression(layer):
            return False
        return not self._reads_better_as_step(piece)

    def _reads_better_as_step(self, piece: Step) -> bool:
        layer = piece.operation.layer
        assert not isinstance(layer, Stored)
        if layer.operator is not None or layer.kind == "Constant" or len(piece.reads) != 1:
            return False
        made = self.maker.get(piece.reads[0])
        single = len(self.users.get(piece.reads[0], [])) == 1
        users = self.users.get(piece.outputs[0], [])
        inside = len(users) == 1 and isinstance(users[0], Step) and _is_operator(users[0])
        if inside and not (made is not None and single and not (isinstance(made, Step) and _is_operator(made))):
            return False
        if layer.activation or layer.kind in ("Dropout", "Mean", "Cast"):
            return not inside or (made is not None and single and not (isinstance(made, Step) and _is_operator(made)))
        return False

    def _is_small(self, piece: Piece) -> bool:
        """Whether a piece may stand inside parentheses."""
        if self._is_arithmetic(piece):
            return self._weight(piece) <= 3
        return isinstance(piece, Step) and piece.label is None and all(value not in self.maker for value in piece.reads)

    def _weight(self, piece: Piece) -> int:
        total = 1
        for value in piece.reads:
            made = self.maker.get(value)
            if made is not None and len(self.users[value]) == 1 and self._is_arithmetic(made):
                total += self._weight(made)
        return total

    # --- which of them need a name

    def _choose(self) -> None:
        """Decide which lines are named: those that a line needs that the flow does not reach."""
        wanted: dict[int, list[int]] = {}  # by line: the lines that use it
        place = {id(line): index for index, line in enumerate(self.lines)}
        holder = {value: line for line in self.lines for value in line.values}
        for index, line in enumerate(self.lines):
            for value in self._leaves(line.piece):
                if value in holder:
                    wanted.setdefault(place[id(holder[value])], []).append(index)
        for line in self.lines:
            piece = line.piece
            stored = isinstance(piece, Step) and isinstance(piece.operation.layer, Stored)
            several = len(self._results(piece)) > 1
            line.named = stored or several or bool(line.output or line.later)
            label = self._own_label(piece)
            line.labelled = (several and label is not None and is_simple(label)) or self._is_deep(piece)
        for _ in range(len(self.lines) + 2):
            changed = False
            for index, line in enumerate(self.lines):
                if line.named:
                    continue
                between = [
                    other
                    for other in self.lines[index + 1 : max(wanted.get(index, [index]))]
                    if not other.named or other.labelled or other.output
                ]
                last = index == len(self.lines) - 1 or index in wanted
                is_lost = not last and line.values[0] in [value for _, value in self.outputs]
                needs = bool(between) or is_lost or not self._flows_into(line, wanted.get(index, ()))
                if needs:
                    line.named = changed = True
                    line.labelled = self._by_label(index, line, wanted)
            if not changed:
                break

    def _flows_into(self, line: Line, users: Sequence[int]) -> bool:
        """Whether what flows is the value of a line wherever these lines use it."""
        return all(self._is_reached(self.lines[user].piece, value) for user in users for value in line.values)

    def _is_reached(self, piece: Piece, value: str) -> bool:
        """Whether a chain uses a value at its beginning only, where it still flows."""
        if isinstance(piece, Composite):
            if value in piece.reads[1:]:
                return False
            source = piece.read
        elif self._is_arithmetic(piece) or len(piece.reads) != 1:
            return True
        else:
            source = piece.reads[0]
        made = self.maker.get(source)
        return made is None or self._is_root(made) or self._is_reached(made, value)

    @staticmethod
    def _is_deep(piece: Piece) -> bool:
        """Whether a piece is a tensor of the body's own whose label is a path, so that its value flows, too."""
        stored = piece.operation.layer if isinstance(piece, Step) else None
        return isinstance(stored, Stored) and stored.persistent and not is_simple(piece.label or "parameter")

    def _by_label(self, index: int, line: Line, wanted: dict[int, list[int]]) -> bool:
        """Whether the label of a line's step is its name, and the value flows on."""
        label = self._own_label(line.piece)
        if label is None or not is_simple(label):
            return False
        if self._wish(line.piece) == label:
            return True
        before = self.lines[index - 1] if index else None
        flows = before is None or not before.named or before.labelled
        goes_on = index + 1 in wanted.get(index, [])
        return flows and goes_on and self._begins_with(self.lines[index + 1].piece, line.values[0])

    def _begins_with(self, piece: Piece, value: str) -> bool:
        first = self._first(piece)
        return first == value

    def _first(self, piece: Piece) -> str | None:
        """The value that a chain begins with, where it is one."""
        if isinstance(piece, Composite):
            value = piece.read
        elif len(piece.reads) != 1 or self._is_arithmetic(piece):
            return None
        else:
            value = piece.reads[0]
        made = self.maker.get(value)
        if made is not None and not self._is_root(made):
            return self._first(made)
        return value

    def _own_label(self, piece: Piece) -> str | None:
        """The label that stands for the value of a piece: of what is applied several times, for that of the first."""
        if isinstance(piece, Step):
            label = piece.label_kept(self.names.labels)
            return label if label is None or self.names.labels.count(label) == 1 else None
        return piece.label if not isinstance(piece, Call) or piece.alone else None

    def _leaves(self, piece: Piece) -> list[str]:
        """The values with lines or names of their own that a line uses."""
        found: list[str] = []
        for value in piece.reads:
            made = self.maker.get(value)
            if made is None or self._is_root(made):
                found.append(value)
            else:
                found += self._leaves(made)
        return found

    def _results(self, piece: Piece) -> Sequence[str]:
        return self.slots.results(piece) if isinstance(piece, Call) else piece.outputs

    # --- writing

    def written(self) -> list[Any]:
        self._choose()
        needed = {value for line in self.lines for value in self._leaves(line.piece)} | {
            value for _, value in self.outputs
        }
        statements: list[Any] = []
        if self.start is not None and not self.names.knows(self.start) and self._start_is_lost():
            bound = self.names.fresh("x")
            self.names.give(self.start, syntax.name(bound))
            statements.append(tree.Bind(0, 0, (syntax.identifier(bound),), syntax.chain(syntax.name("_"))))
        for index, line in enumerate(self.lines):
            self._line(line, index, statements, needed)
        statements += self._rest()
        return statements

    def _start_is_lost(self) -> bool:
        """Whether what flows in is needed behind a line that lets something else flow."""
        flowed = False
        assert self.start is not None
        for line in self.lines:
            used = self.start in self._leaves(line.piece)
            if used and (flowed or not self._is_reached(line.piece, self.start)):
                return True
            flowed = flowed or not line.named or line.labelled or bool(line.output)
        return False

    def _line(self, line: Line, index: int, statements: list[Any], needed: set[str]) -> None:
        piece = line.piece
        items = self._steps_of(piece)
        results = self._results(piece)
        if line.output and len(results) == 1:
            name, *more = line.output
            *rows, last = self._rows(items)
            statements += [syntax.chain(*row) for row in rows]
            self.names.give(line.values[0], syntax.name(name))
            statements.append(tree.Output(0, 0, syntax.identifier(name), syntax.chain(*last)))
            statements += [tree.Output(0, 0, syntax.identifier(each), syntax.chain(syntax.name(name))) for each in more]
            self.current = None
            return
        if not line.named:
            self._flow(items, statements)
            self.current = line.values[0]
            return
        label = self._own_label(piece)
        if isinstance(piece, Step) and isinstance(piece.operation.layer, Stored):
            self._own(piece, statements)
            return
        if label is not None and is_simple(label) and (line.labelled or len(results) > 1):
            self._flow(items, statements)
            self._give(piece, syntax.name(label), results)
            layer = piece.operation.layer if isinstance(piece, Step) else None
            main = layer is not None and not isinstance(layer, Stored) and layer.first_is_value
            self.current = line.values[0] if len(results) == 1 or main else None
            return
        self._bind(line, items, statements, needed)

    def _own(self, piece: Step, statements: list[Any]) -> None:
        """A parameter or buffer of the body's own."""
        made = step(piece.operation.layer, lambda name: self.slots.value(piece, name), self.slots.names(piece), {})
        label = piece.label or "parameter"
        stored = piece.operation.layer
        if isinstance(stored, Stored) and not stored.persistent:
            label = self.names.fresh(label.rpartition(".")[2])
        if is_simple(label):
            statements.append(tree.Bind(0, 0, (syntax.identifier(label),), syntax.chain(made)))
            self.names.give(piece.outputs[0], syntax.name(label))
            return
        statements.append(syntax.chain(syntax.item(made, label)))
        self.current = piece.outputs[0]
        if self.users.get(piece.outputs[0]):
            bound = self.names.fresh(label.rpartition(".")[2])
            statements.append(tree.Bind(0, 0, (syntax.identifier(bound),), syntax.chain(syntax.name("_"))))
            self.names.give(piece.outputs[0], syntax.name(bound))

    def _bind(self, line: Line, items: list[tree.Item], statements: list[Any], needed: set[str]) -> None:
        piece, results = line.piece, self._results(line.piece)
        if items and self._takes_flow(items[0]):
            items = [syntax.item(syntax.name("_")), *items] if self.current is not None else items
        elif items and isinstance(items[0].step, tree.Tuple):
            parts = [each.replace(chain=self._said(each.chain)) for each in items[0].step.items]
            items = [items[0].replace(step=syntax.tuple_of(*parts)), *items[1:]]
        chain = syntax.chain(*items)
        layer = piece.operation.layer if isinstance(piece, Step) else None
        apart = layer is not None and not isinstance(layer, Stored) and not layer.first_is_value and len(results) > 1
        if apart and 1 < len(results) <= 4 and all(value in needed for value in results):
            assert isinstance(piece, Step)
            named = len(piece.operation.names) == len(results) and "_" not in piece.operation.names
            wished = tuple(map(_as_value, piece.operation.names)) if named else ("part",) * len(results)
            bound = [self.names.fresh(word) for word in wished]
            for value, name in zip(results, bound, strict=True):
                self.names.give(value, syntax.name(name))
            statements.append(tree.Bind(0, 0, tuple(map(syntax.identifier, bound)), chain))
            return
        single = line.later if len(results) == 1 else []
        self.names.taken -= set(single[:1])
        wish = single[0] if single else self._wish(piece)
        is_source = isinstance(piece, Step) and not piece.reads  # whose name is the label of a step, too
        name = self.names.fresh(wish, lambda value: not is_source and self._is_over(value, line))
        statements.append(tree.Bind(0, 0, (syntax.identifier(name),), chain))
        self._give(piece, syntax.name(name), results)

    def _said(self, chain: tree.Chain) -> tree.Chain:
        """A chain that says what it begins with, where that is what flows."""
        return syntax.chain(syntax.item(syntax.name("_")), *chain.items) if self._takes_flow(chain.items[0]) else chain

    def _is_over(self, value: str, line: Line) -> bool:
        """Whether nothing behind a line uses a value that was made in one of these lines."""
        if value not in self.maker or any(value == each for _, each in self.outputs):
            return False
        behind = self.lines[self.lines.index(line) + 1 :]
        return not any(value in self._leaves(each.piece) for each in behind)

    def _give(self, piece: Piece, made: Any, results: Sequence[str]) -> None:
        """Say how the results of a piece are written."""
        if isinstance(piece, Call) and len(results) > 1:
            for word, value in zip(results, piece.outputs, strict=True):
                self.names.give(value, syntax.member(made, word))
            return
        if len(piece.outputs) == 1:
            self.names.give(piece.outputs[0], made)
            return
        assert isinstance(piece, Step) and not isinstance(piece.operation.layer, Stored)
        layer = piece.operation.layer
        for number, (word, value) in enumerate(zip(layer.result_names(), piece.outputs, strict=True)):
            if word.isdecimal():
                self.names.give(value, syntax.subscript(made, [int(word)]))
            else:
                self.names.give(value, made if number == 0 and layer.first_is_value else syntax.member(made, word))

    def _wish(self, piece: Piece) -> str:
        if isinstance(piece, Step):
            if piece.operation.names and piece.operation.names[0] not in ("", "_"):
                return _as_value(piece.operation.names[0])
            users = [each for each in self.users.get(piece.outputs[0], []) if each is not None]
            label = piece.label or ""
            if label:
                return label.rpartition(".")[2]
            return "y" if users else "unused"
        if isinstance(piece, Composite):
            return piece.merging.operation.names[0] if piece.merging.operation.names else "y"
        parts = (piece.label or "y").split(".")
        return next((part for part in reversed(parts) if not part[0].isdigit()), "y")

    def _flow(self, items: list[tree.Item], statements: list[Any]) -> None:
        """Add a chain that lets its result flow; a new line begins where a new stage does."""
        statements += [syntax.chain(*row) for row in self._rows(items)]

    def _rows(self, items: list[tree.Item]) -> list[list[tree.Item]]:
        """The lines of a chain."""
        rows: list[list[tree.Item]] = [[]]
        for each in items:
            if rows[-1] and self._begins_stage(rows[-1], each):
                rows.append([syntax.item(syntax.name("_"))] if id(each.step) in self.names.applications else [])
            rows[-1].append(each)
        return rows

    @staticmethod
    def _begins_stage(row: list[tree.Item], item: tree.Item) -> bool:
        if isinstance(item.step, (tree.Residual, tree.Merge)) or isinstance(row[-1].step, BRACED):
            return not (len(row) == 1 and row[0].label is None and isinstance(row[0].step, tree.Name))
        stages = [each for each in row if is_stage(each)]
        return bool(stages) and (is_stage(item) or len(row) > 7)

    def _takes_flow(self, item: tree.Item) -> bool:
        """Whether an item is a step that takes what flows."""
        if item.label is None and isinstance(item.step, tree.Name) and item.step.text in self.names.bound:
            return False
        return item.label is not None or (kind_of(item.step) != "" and not self._is_source(item))

    def _is_source(self, item: tree.Item) -> bool:
        return id(item.step) in self.names.sources

    def _rest(self) -> list[Any]:
        """Outputs that are inputs, and the value that is to flow out where it does not."""
        made: list[Any] = []
        done = {name for line in self.lines for name in line.output}
        if self.has_named:
            return [self._output(name, value) for name, value in self.outputs if name not in done]
        if self.outputs and self.current != self.outputs[0][1]:
            made.append(syntax.chain(self._value(self.outputs[0][1])))
        return made

    def _output(self, name: str, value: str) -> Any:
        written = self._value(value)
        chain = None if written == syntax.name(name) else syntax.chain(written)
        return tree.Output(0, 0, syntax.identifier(name), chain)

    def _value(self, value: str) -> Any:
        """A value by its name, or as what flows."""
        if self.names.knows(value):
            return self.names.of(value)
        return syntax.name("_")

    # --- pieces as chains

    def _steps(self, value: str) -> list[tree.Item]:
        """The chain that gives a value."""
        made = self.maker.get(value)
        if made is None or self._is_root(made):
            if value == self.current:
                return []
            return [syntax.item(self._value(value))]
        return self._steps_of(made)

    def _steps_of(self, piece: Piece) -> list[tree.Item]:
        if isinstance(piece, Composite):
            return [*self._steps(piece.read), syntax.item(self._composite(piece))]
        if isinstance(piece, Group):
            inner = self.owner.branch(
                composed(piece.items, piece.outputs, self.owner.types), piece.reads[0], piece.outputs[0]
            )
            inner = joined(positioned(unlabelled(inner, piece), self.names.fresh))
            only = inner[0].items[0] if len(inner) == 1 and len(inner[0].items) == 1 else None
            if only is not None and only.label is None and isinstance(only.step, tree.Repeat):
                return [*self._steps(piece.reads[0]), syntax.item(only.step, piece.label)]
            return [*self._steps(piece.reads[0]), syntax.item(tree.Body(0, 0, tuple(inner)), piece.label)]
        if isinstance(piece, Call):
            return self._call(piece)
        if self._is_arithmetic(piece):
            written = self._expression(piece)
            is_number = piece.operation.layer.kind == "Constant" and not isinstance(written, tree.Postfix)
            made = syntax.call("Constant", written) if is_number else written
            if not self._leaves(piece):
                self.names.sources[id(made)] = made
            return [syntax.item(made)]
        return self._layer(piece)

    def _layer(self, piece: Step) -> list[tree.Item]:
        operation = piece.operation
        label = piece.label_kept(self.names.labels)
        made = step(
            operation.layer, lambda name: self.slots.value(piece, name), self.slots.names(piece), self.slots.ties(piece)
        )
        if not piece.reads:
            self.names.sources[id(made)] = made
            return [syntax.item(made, label)]
        layer = operation.layer
        assert not isinstance(layer, Stored)
        words = ("",) * len(piece.inputs) if layer.variadic else layer.inputs + layer.optional_inputs
        given = self._given(piece.inputs, words, len(layer.inputs) if not layer.variadic else 99)
        if label is not None and self.names.is_again(operation.path or label):  # what it is given may apply it first
            return self._applied(given, label)
        return [*given, syntax.item(made, label)]

    def _call(self, piece: Call) -> list[tree.Item]:
        given = self._given(piece.inputs, ("",) * len(piece.inputs), 99)
        again, *_ = [self.names.is_again(path) for path in piece.paths]
        if again:
            return self._applied(given, piece.label or "")
        made = self.slots.called(piece)
        if piece.count > 1:
            made = tree.Repeat(0, 0, self.slots.count(piece), made)
        label = piece.label
        if label is not None and piece.count > 1:
            label = label.rpartition(".")[0] or label
            if piece.label is not None and "." not in piece.label:
                label = None
            elif piece.label is not None and not piece.label.endswith(".0"):
                label = piece.label
        return [*given, syntax.item(made, label)]

    def _applied(self, given: list[tree.Item], label: str) -> list[tree.Item]:
        """What a label names, applied again; at the beginning of a chain it would be the value that it gave."""
        made = syntax.path(label)
        self.names.applications[id(made)] = made
        return [*(given or [syntax.item(syntax.name("_"))]), syntax.item(made)]

    def _given(self, inputs: Sequence[str | None], words: Sequence[str], required: int) -> list[tree.Item]:
        """What a step is applied to."""
        present = [(place, each) for place, each in enumerate(inputs) if each is not None]
        if len(present) == 1:
            return self._steps(present[0][1])
        values: list[tree.Fed] = []
        gap = False
        for place, each in present:
            gap = gap or place != len(values)
            word = words[place] if place >= required or gap else None
            values.append(syntax.fed(syntax.chain(*self._operand_steps(each)), word or None))
        return [syntax.item(syntax.tuple_of(*values))]

    def _operand_steps(self, value: str) -> list[tree.Item]:
        return self._steps(value) or [syntax.item(syntax.name("_"))]

    def _composite(self, piece: Composite) -> Any:
        results = self._branch_results(piece)
        bodies = []
        for branch, result in zip(piece.branches, results, strict=True):
            if branch:
                inner = self.owner.branch(branch, piece.read, result)
                wanted = self.slots.condition(branch[0])
                if wanted is not None:
                    inner = [tree.If(0, 0, ((wanted, tree.Body(0, 0, tuple(inner))),), None)]
            else:
                inner = [syntax.chain(syntax.name("_"))]
            bodies.append(tree.Body(0, 0, tuple(inner)))
        if piece.kind == "residual":
            return tree.Residual(0, 0, bodies[0], bodies[1] if piece.branches[1] else None)
        # each branch is one chain, on one line
        chains = [[each for each in body.statements if isinstance(each, tree.Chain)] for body in bodies]
        statements = tuple(syntax.chain(*(item for each in parts for item in each.items)) for parts in chains)
        arguments = None
        names = self.slots.names(piece.merging)
        if piece.kind == "concat" and "dim" in names:
            arguments = tree.Arguments(
                0, 0, (tree.Argument(0, 0, syntax.identifier("dim"), self.slots.value(piece.merging, "dim")),)
            )
        return tree.Merge(0, 0, piece.kind, arguments, tree.Body(0, 0, statements))

    @staticmethod
    def _branch_results(piece: Composite) -> list[str]:
        found = []
        reads = list(piece.merging.reads)
        for branch in piece.branches:
            made = {value for each in branch for value in each.outputs}
            found.append(next((value for value in reads if value in made), piece.read))
        return found

    def _expression(self, piece: Step) -> Any:
        layer = piece.operation.layer
        assert not isinstance(layer, Stored)

        def argument(name: str) -> Any:
            value = self.slots.value(piece, name)
            made = self.maker.get(piece.reads[0]) if name == "items" else None
            # `lstm[0]` might be the first of its results
            return (*value, "...") if made is not None and len(made.outputs) > 1 and len(value) == 1 else value

        return value_of(layer, piece.inputs, self._operand, argument, self.slots.names(piece))

    def _operand(self, value: str) -> Any:
        made = self.maker.get(value)
        if made is None or self._is_root(made):
            return syntax.name("_") if value == self.current else self._value(value)
        if self._is_arithmetic(made):
            return self._expression(made)  # type: ignore[arg-type]
        return syntax.tuple_of(syntax.fed(syntax.chain(*self._steps_of(made))))


def _as_value(name: str) -> str:
    """The name of a value: `B` of the code would be read as a dimension or a layer."""
    return name.lower() if name.isupper() else name[:1].lower() + name[1:]


def _is_operator(piece: Step) -> bool:
    layer = piece.operation.layer
    return not isinstance(layer, Stored) and piece.label is None and layer.operator is not None

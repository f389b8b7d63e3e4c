"""Bindings that come to nothing, found from the last statement of a body to its first.

What an `if` leaves out counts as used: whether a name is used does not depend on the arguments of a block.
"""

from __future__ import annotations

from nnspec.syntax import tree as t

Names = frozenset[str]
_NONE: Names = frozenset()


class Bindings:
    """The offsets of the bindings of a body that nothing uses, and of those in a group that end with it.

    The latter give a name that the body around the group uses behind it, where it means what it meant before.
    """

    def __init__(self, body: t.Body) -> None:
        self.unused: set[int] = set()
        self.ending: set[int] = set()
        self._exposed: dict[int, Names] = {}
        self._before(body, _NONE)

    def _before(self, body: t.Body, after: Names, around: Names = _NONE) -> Names:
        """The names that are used from the start of a body on, if those are that are used `after` it.

        `around` are those that are used behind the group that it stands in.
        """
        for statement in reversed(body.statements):
            after = self._used_from(statement, after, around)
        return after

    def _used_from(self, statement: t.Statement, after: Names, around: Names) -> Names:
        match statement:
            case t.Bind():
                names = frozenset(name.text for name in statement.names)
                if names.isdisjoint(after):
                    self.unused.add(statement.start)
                self.ending |= {name.start for name in statement.names if name.text in around}
                return self._chain(statement.chain, after - names, around)
            case t.Output(chain=None):
                return after | {statement.name.text}
            case t.Output(chain=t.Chain() as chain):
                return self._chain(chain, after - {statement.name.text}, around)
            case t.Chain():
                return self._chain(statement, after, around)
            case t.If():
                inside = [self._before(body, after, around) for _, body in statement.branches]
                otherwise = statement.otherwise
                inside.append(after if otherwise is None else self._before(otherwise, after, around))
                conditions = tuple(condition for condition, _ in statement.branches)
                return _NONE.union(*inside, self._used(conditions, after, around))
            case t.For():
                own = frozenset(name.text for name in statement.names)
                again = (self._exposed_in(statement.body) - own) | after  # the next turn may use what this one binds
                turn = self._before(statement.body, again, around) - own
                return after | turn | self._used((statement.first, statement.last), after, around)
            case t.Training():
                return after | self._before(statement.body, after, around)
        return after | self._used(statement, after, around)

    def _chain(self, chain: t.Chain, after: Names, around: Names) -> Names:
        for item in reversed(chain.items):
            after = after | self._used(item, after, around)
        return after

    def _exposed_in(self, body: t.Body) -> Names:
        """The names that a body uses and does not bind before."""
        if body.start not in self._exposed:
            told = self.unused, self.ending
            self.unused, self.ending = set(), set()
            self._exposed[body.start] = self._before(body, _NONE)
            self.unused, self.ending = told
        return self._exposed[body.start]

    def _used(self, node: object, after: Names, around: Names) -> Names:
        """The names that a piece of the text uses; what a group binds ends with it, what a branch binds lives on."""
        match node:
            case t.Name():
                return frozenset({node.text})
            case t.Body():
                return self._before(node, _NONE, after | around)
            case t.Residual():
                inside = [self._before(body, after, around) for body in (node.body, node.skip) if body is not None]
                return _NONE.union(*inside)
            case t.Merge():
                return self._before(node.body, after, around) | self._used(node.arguments, after, around)
            case t.Node():
                return self._used(tuple(getattr(node, name) for name in node.record_fields[2:]), after, around)
            case tuple():
                return _NONE.union(*(self._used(each, after, around) for each in node))
        return _NONE

"""`Edges`: the values that the call of a module takes from outside, and those that it gives."""

from __future__ import annotations

from nnspec.importing.network import Network, Scope


class Edges:
    """What goes into and out of the scopes of a network."""

    def __init__(self, network: Network) -> None:
        self.calls: dict[str, list[Scope]] = {}  # of each module
        self._users: dict[str, list[int]] = {}  # of a value: the operations that take it, by their number
        self._spans: dict[int, tuple[int, int]] = {}  # of a scope: its operations by number
        self._places: dict[tuple[str, int], list[int]] = {}  # of the values of a module that its callers use
        end = self._number(network.root, 0)
        for _, value in network.outputs:
            self._users.setdefault(value, []).append(end)

    def _number(self, scope: Scope, start: int) -> int:
        """Number the operations of a scope from `start` on; the number behind the last."""
        self.calls.setdefault(scope.path, []).append(scope)
        count = start
        for item in scope.items:
            if isinstance(item, Scope):
                count = self._number(item, count)
                continue
            for value in item.inputs:
                if value is not None:
                    self._users.setdefault(value, []).append(count)
            count += 1
        self._spans[id(scope)] = (start, count)
        return count

    @staticmethod
    def taken(scope: Scope) -> tuple[str, ...]:
        """The values that a scope takes from outside."""
        made: set[str] = set()
        taken: dict[str, None] = {}
        for operation in scope.operations():
            taken.update(dict.fromkeys(each for each in operation.inputs if each is not None and each not in made))
            made.update(operation.outputs)
        return tuple(taken)

    def given(self, scope: Scope) -> tuple[str, ...]:
        """The values of a scope that are used outside of it, or outside of another call of its module."""
        values = _made(scope)
        key = scope.path, len(values)
        if key not in self._places:
            alike = [(call, made) for call in self.calls[scope.path] if len(made := _made(call)) == len(values)]
            self._places[key] = [
                place for place in range(len(values)) if any(self._goes_out(made[place], call) for call, made in alike)
            ]
        return tuple(values[place] for place in self._places[key])

    def _goes_out(self, value: str, scope: Scope) -> bool:
        """Whether a value of a scope is used outside of it."""
        first, last = self._spans[id(scope)]
        return any(not first <= user < last for user in self._users.get(value, ()))


def _made(scope: Scope) -> list[str]:
    """All values that are made in a scope."""
    return [value for each in scope.operations() for value in each.outputs]

"""`Graph`: a network by its values: which operation makes each, how often it is used, and layers put in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from nnspec.importing.network import Network, Operation, Scope
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import LayerError, TensorType


class Graph:
    """All operations of a network; what it changes is changed in the scopes of the network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.types = network.types
        self.made: dict[str, Operation] = {}
        self.uses: Counter[str] = Counter(value for _, value in network.outputs)
        for each in network.root.operations():
            self.made.update(dict.fromkeys(each.outputs, each))
            self.uses.update(value for value in each.inputs if value is not None)

    def maker(self, value: str | None, *kinds: str) -> Operation | None:
        """The operation that makes a value, if it is a layer of these kinds."""
        found = None if value is None else self.made.get(value)
        return found if found is not None and found.layer.kind in kinds else None

    def shape(self, value: str) -> tuple[Any, ...]:
        """The sizes of a value."""
        return self.types[value].shape

    def once(self, operation: Operation) -> bool:
        """Whether what an operation makes is used by one other only."""
        return len(operation.outputs) == 1 and self.uses[operation.outputs[0]] == 1

    def result(self, layer: Layer, *inputs: str | None) -> TensorType | None:
        """The type of what a layer gives for these values; None where it does not take them."""
        given = [None if each is None else self.types[each] for each in inputs]
        if not layer.variadic:
            given += [None] * (len(layer.inputs) + len(layer.optional_inputs) - len(given))
        try:
            (result,) = layer.results(*given)
        except (LayerError, ValueError):
            return None
        return result

    def replace(self, old: Operation, *made: Operation) -> None:
        """Put operations in the place of one; the last of them makes what it made."""
        scope, place = self._place(self.network.root, old)
        scope.items[place : place + 1] = made
        self.uses.subtract(value for value in old.inputs if value is not None)
        for each in made:
            self.made.update(dict.fromkeys(each.outputs, each))
            self.uses.update(value for value in each.inputs if value is not None)

    def drop(self, gone: set[int]) -> None:
        """Take operations away, by their identity, whose results nothing uses now."""

        def clean(scope: Scope) -> None:
            scope.items[:] = [item for item in scope.items if not (isinstance(item, Operation) and id(item) in gone)]
            for item in scope.items:
                if isinstance(item, Scope):
                    clean(item)

        clean(self.network.root)

    def rename(self, names: Mapping[str, str]) -> None:
        """Let all that takes a value take another."""
        if not names:
            return

        def final(value: str | None) -> str | None:
            while value is not None and value in names:
                value = names[value]
            return value

        def change(scope: Scope) -> None:
            for item in list(scope.items):
                if isinstance(item, Scope):
                    change(item)
                elif any(value in names for value in item.inputs):
                    self.replace(item, item.replace(inputs=tuple(map(final, item.inputs))))

        change(self.network.root)

    def fresh(self, type: TensorType) -> str:
        """A new value."""
        name = f"h{len(self.types)}"
        self.types[name] = type
        return name

    def _place(self, scope: Scope, wanted: Operation) -> tuple[Scope, int]:
        for place, item in enumerate(scope.items):
            if item is wanted:
                return scope, place
            if isinstance(item, Scope):
                try:
                    return self._place(item, wanted)
                except LookupError:
                    continue
        raise LookupError(wanted.layer.kind)

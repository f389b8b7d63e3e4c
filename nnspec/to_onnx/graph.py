"""The graph under construction: operators, constants, and symbolic sizes as tensors.

What it is made of is in node.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnspec.dims import Expression, Floor, Product, Size, Symbol, solve, symbols
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.to_onnx.node import Initializer, LocalFunction, Node, Use
from nnspec.weights.arrays import Array


class Graph:
    """Nodes in order, initializers by name, inputs by name; `scope` is the module path that names what is added."""

    def __init__(self, inputs: dict[str, TensorType], whole_attention: bool = False) -> None:
        self.inputs = inputs
        self.whole_attention = whole_attention  # whether attention is one operator
        self.nodes: list[Node] = []
        self.initializers: dict[str, Initializer] = {}
        self.scope = ""
        self.blocks: tuple[Use, ...] = ()  # that what is added is in
        self.functions: list[LocalFunction] = []
        self.outputs: dict[str, TensorType] = {}  # named once all nodes are there; see build.py
        self._taken: set[str] = set(inputs)
        self._numbers: dict[str, int] = {}  # the last number given to a name, so that long runs stay linear
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._sizes: dict[Size, str] = {}
        self._symbols: dict[Symbol, str] = {}
        self._once: dict[Hashable, str] = {}
        self._titles: dict[str, str] = {}
        self._bound: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names for what will be added under exactly them."""
        self._taken.update(names)

    def knows(self, name: str) -> bool:
        """Whether a tensor has this name, or it is kept for one."""
        return name in self._taken

    def fresh(self, hint: str) -> str:
        """A name that no tensor has yet: the scope and the hint, numbered if need be."""
        stem = f"{self.scope}.{hint}" if self.scope else hint
        name, number = stem, self._numbers.get(stem, 0)
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._numbers[stem] = number
        self._taken.add(name)
        return name

    def node(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an operator with one output, and return the output's name. Attributes that are None are left out."""
        return self.nodes_out(op, inputs, 1, **attributes)[0]

    def nodes_out(self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> tuple[str, ...]:
        """Add an operator with several outputs, and return their names.

        The node is named by the module and the operator, `encoder.0.attn.MatMul`, and so is what it gives, unless
        `entitle` knows better.
        """
        own = self.fresh(op)
        names = [own] if outputs == 1 else [self.fresh(f"{op}.{index}") for index in range(outputs)]
        kept = {key: value for key, value in attributes.items() if value is not None}
        trimmed = list(inputs)
        while trimmed and not trimmed[-1]:  # absent optional inputs at the end are not written
            trimmed.pop()
        self.nodes.append(Node(op, trimmed, names, kept, own, blocks=self.blocks, path=self.scope))
        return tuple(names)

    def entitle(self, tensor: str, title: str) -> None:
        """Say what a tensor holds: it gets this name at the end, unless it has been given one before."""
        self._titles.setdefault(tensor, title)

    def bind(self, tensor: str, name: str) -> None:
        """Say what a spec calls a tensor: it gets this name at the end rather than a title."""
        self._bound.setdefault(tensor, name)

    def constant(self, value: Any, dtype: Any = None) -> str:
        """An initializer with this value; equal constants share one. Python floats become float32, ints int64."""
        array = np.asarray(value, dtype=dtype)
        if dtype is None and array.dtype == np.float64:
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            scope, self.scope = self.scope, ""
            name = self.fresh("constant")
            self.scope = scope
            self.initializers[name] = Initializer(array.shape, array.dtype, lambda: array)
            self._constants[key] = name
        return self._constants[key]

    @property
    def constants(self) -> set[str]:
        """The names of the constants: initializers that are no weights."""
        return self.initializers.keys() & set(self._constants.values())

    def weight(self, name: str, shape: tuple[int, ...], dtype: Any, make: Callable[[], Array]) -> str:
        """An initializer under exactly this name."""
        self._taken.add(name)
        self.initializers[name] = Initializer(shape, dtype, make)
        return name

    def derived(self, name: str, suffix: str, shape: tuple[int, ...], transform: Callable[[Array], Array]) -> str:
        """An initializer computed from another one, `name` + `suffix`; made once."""
        target = f"{name}{suffix}"
        if target not in self.initializers:
            source = self.initializers[name]
            self.weight(target, shape, source.dtype, lambda: np.asarray(transform(source.make()), order="C"))
        return target

    def stand_for(self, name: str, key: str) -> str:
        """Say which weight an initializer is, less what is folded into it: it gets its key where no other has it."""
        self._keys[name] = key
        return name

    def transposed(self, name: str) -> str:
        """The transpose of a matrix initializer."""
        return self.derived(name, ".T", self.initializers[name].shape[::-1], np.transpose)

    def once(self, key: tuple[Hashable, ...], make: Callable[[], str]) -> str:
        """The tensor that `make` adds; for the same key the same one, so that layers share a mask or a table.

        The key begins with what it is.
        """
        if key not in self._once:
            with self.outside():
                self._once[key] = make()
            self.entitle(self._once[key], str(key[0]))
        return self._once[key]

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Nodes added within the block belong to the whole model."""
        scope, blocks, self.scope, self.blocks = self.scope, self.blocks, "", ()
        try:
            yield
        finally:
            self.scope, self.blocks = scope, blocks

    @contextmanager
    def within(self, node: Node) -> Iterator[None]:
        """Nodes added within the block are part of the module that a node is part of."""
        scope, blocks, self.scope, self.blocks = self.scope, self.blocks, node.path, node.blocks
        try:
            yield
        finally:
            self.scope, self.blocks = scope, blocks

    def size(self, size: Size) -> str:
        """An int64 tensor [1] with the value of a size, read from the shapes of the graph's inputs where symbolic."""
        if isinstance(size, int):
            return self.constant([size])
        if size not in self._sizes:
            with self.outside():
                self._sizes[size] = self._compute(size)
        return self._sizes[size]

    def _compute(self, size: Expression) -> str:
        total: str | None = None
        for atom, coefficient in size.terms:
            if isinstance(atom, Symbol):
                if atom not in self._symbols:
                    self._symbols[atom] = self._symbol(atom)
                    self.entitle(self._symbols[atom], atom.text)
                value = self._symbols[atom]
            elif isinstance(atom, Product):
                value = self.size(atom.factors[0])
                for factor in atom.factors[1:]:
                    value = self.node("Mul", [value, self.size(factor)])
            else:
                assert isinstance(atom, Floor)
                value = self.size(atom.inner)
            if coefficient != 1:
                value = self.node("Mul", [value, self.constant([coefficient])])
            total = value if total is None else self.node("Add", [total, value])
        assert total is not None
        if size.constant:
            total = self.node("Add", [total, self.constant([size.constant])])
        # integer Div truncates towards zero, which is the floor for the sizes that a run can have
        return self.node("Div", [total, self.constant([size.divisor])]) if size.divisor != 1 else total

    def _symbol(self, symbol: Symbol) -> str:
        for name, given in self.inputs.items():
            for index, pattern in enumerate(given.shape):
                if isinstance(pattern, int) or solve(pattern, pattern) is None or symbol not in symbols(pattern):
                    continue
                value = self.node("Shape", [name], start=index, end=index + 1)
                if pattern.constant:
                    value = self.node("Sub", [value, self.constant([pattern.constant])])
                scale = pattern.terms[0][1]
                return self.node("Div", [value, self.constant([scale])]) if scale != 1 else value
        raise LayerError(
            f"the size {symbol} cannot be read from the inputs when the model runs",
            help=f"declare an input with a dimension that is {symbol}, or a multiple of it",
        )

    @contextmanager
    def body(self) -> Iterator[list[Node]]:
        """Collect nodes for the body of another node; sizes that it computes are not known outside."""
        outside, sizes, known, once = self.nodes, dict(self._sizes), dict(self._symbols), dict(self._once)
        self.nodes = []
        try:
            yield self.nodes
        finally:
            self.nodes, self._sizes, self._symbols, self._once = outside, sizes, known, once

    @contextmanager
    def measured(self, size: Size, tensor: str) -> Iterator[None]:
        """A symbol that no input gives is the first dimension of a tensor, while it is so."""
        (symbol,) = symbols(size)
        sizes, known, once = dict(self._sizes), dict(self._symbols), dict(self._once)
        self._symbols[symbol] = self.node("Shape", [tensor], start=0, end=1)
        try:
            yield
        finally:
            self._sizes, self._symbols, self._once = sizes, known, once

    def shape(self, sizes: Sequence[Size]) -> str:
        """An int64 tensor [rank] with these sizes."""
        if all(isinstance(size, int) for size in sizes):
            return self.constant(list(sizes), np.int64)
        key = ("shape", tuple(sizes))
        return self.once(key, lambda: self.node("Concat", [self.size(size) for size in sizes], axis=0))

    def reshape(self, name: str, given: tuple[Size, ...], wanted: tuple[Size, ...]) -> str:
        """Reshape `name` from one shape to another; constant where one unknown at most is left."""
        target: list[Any] = [0 if i < len(given) and given[i] == size else size for i, size in enumerate(wanted)]
        target = [size if isinstance(size, int) else -1 for size in target]
        if target.count(-1) <= 1 and not any(size == 0 and target[i] == 0 for i, size in enumerate(wanted)):
            return self.node("Reshape", [name, self.constant(target, np.int64)])
        return self.node("Reshape", [name, self.shape(wanted)])

    # --- the end

    def uses(self) -> Counter[str]:
        """The number of uses of every tensor, by nodes and as an output of the graph."""
        counts = Counter(name for node in self.nodes for name in node.reads())
        counts.update(self.outputs.keys())
        return counts

    def finish(self, made: dict[str, str], types: dict[str, TensorType]) -> None:
        """Give the outputs their names: `made` holds the tensor of each. Then drop what they do not need."""
        self.scope = ""
        produced = {name for node in self.nodes for name in node.outputs}
        renamed: dict[str, str] = {}
        for name, tensor in made.items():
            if tensor in produced and tensor not in renamed:
                renamed[tensor] = name
            else:  # an input, a constant, or an output a second time
                self.nodes.append(Node("Identity", [tensor], [name], {}, self.fresh(f"{name}.Identity")))
        for tensor, title in {**self._titles, **self._bound}.items():
            if tensor not in renamed and not (tensor in self.inputs or tensor in self.initializers):
                renamed[tensor] = self.fresh(title)
        for node in self.nodes:
            node.rename(renamed)
        self.outputs = types
        self.prune()

    def settle(self) -> None:
        """Give weights that something was folded into their keys; the end of all that changes the graph."""
        renamed: dict[str, str] = {}
        used = {*self.initializers, *self.inputs, *(name for node in self.nodes for name in node.outputs)}
        for name in [name for name in self.initializers if name in self._keys]:
            key = name
            while key in self._keys:
                key = self._keys[key]
            if key not in used:
                renamed[name] = key
                used.add(key)
        for node in self.nodes:
            node.rename(renamed)
        self.initializers = {renamed.get(name, name): value for name, value in self.initializers.items()}

    def prune(self) -> None:
        """Drop the nodes and initializers that no output depends on."""
        needed, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if not needed.isdisjoint(node.outputs):
                needed.update(node.reads())
                kept.append(node)
        self.nodes = kept[::-1]
        self.initializers = {name: value for name, value in self.initializers.items() if name in needed}

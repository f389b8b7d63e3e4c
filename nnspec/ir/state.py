"""The weights of a program, in the order of torch's `state_dict`.

In every module its own parameters come first, then its own buffers, then its children in the order in which their
labels first appear, or in that which the module states; a dotted label is a path of containers. `state_dict` walks
all of it and so must expand repeats: it takes the limit of layers. `totals` multiplies instead, and costs the same
for any depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from nnspec.ir.mixture import chosen
from nnspec.ir.program import Call, Module, Program
from nnspec.layers.base import Layer, Weight
from nnspec.record import Record


class StateEntry(Record):
    """One key of the `state_dict`; `tied_to` names the key that it shares its tensor with."""

    key: str
    weight: Weight
    tied_to: str | None = None


class Child:
    """A label of a module: what it applies, or a container of further labels (a dotted path)."""

    def __init__(self) -> None:
        self.call: Call | None = None
        self.children: dict[str, Child] = {}


def children(module: Module, *, expand: bool = True) -> dict[str, Child]:
    """The labels of a module as a tree, in `state_dict` order; a repeat is one child per application if expanded."""
    root = Child()
    for label in module.order:
        _place(root, label)
    for call in module.calls:
        if call.label is None or call.shared:
            continue
        for label in call.labels if expand else (call.label,):
            _place(root, label).call = call
    return root.children


def _place(root: Child, label: str) -> Child:
    """The place of a label in the tree; a new one comes behind those that are there."""
    place = root
    for part in label.split("."):
        place = place.children.setdefault(part, Child())
    return place


def layer_weights(module: Module, call: Call) -> tuple[Weight, ...]:
    """The weights of a call of a layer."""
    assert isinstance(call.callee, Layer)
    return call.callee.weights(*module.types(call.inputs))


def state_dict(program: Program, key: str | None = None) -> Iterator[StateEntry]:
    """Every key with its weight, from the model's module or another one."""
    tied = dict(_ties(program, program.modules[key or program.entry], ""))
    canonical = {parameter: _canonical(parameter, tied) for parameter in tied}
    first: dict[str, str] = {}
    for path, weight in _walk(program, program.modules[key or program.entry], ""):
        source = canonical.get(path, path)
        owner = first.setdefault(source, path)
        yield StateEntry(path, weight, None if owner == path else owner)


def _canonical(path: str, ties: dict[str, str]) -> str:
    seen = {path}
    while path in ties and ties[path] not in seen:
        path = ties[path]
        seen.add(path)
    return path


def _ties(program: Program, module: Module, prefix: str) -> Iterator[tuple[str, str]]:
    for tie in module.ties:
        yield prefix + tie.parameter, prefix + tie.source
    for call in module.calls:
        if isinstance(call.callee, str) and not call.shared and _has_ties(program, call.callee):
            for label in call.labels:
                yield from _ties(program, program.modules[call.callee], f"{prefix}{label}.")


def _has_ties(program: Program, key: str) -> bool:
    module = program.modules[key]
    return bool(module.ties) or any(isinstance(c.callee, str) and _has_ties(program, c.callee) for c in module.calls)


def _walk(program: Program, module: Module, prefix: str) -> Iterator[tuple[str, Weight]]:
    tree = children(module)
    owned = [(label, weight) for label, child in tree.items() for weight in _owned(module, child)]
    for label, weight in sorted(owned, key=lambda pair: pair[1].buffer):  # stable: parameters before buffers
        yield prefix + label, weight
    yield from _walk_children(program, module, tree, prefix)


def _owned(module: Module, child: Child) -> list[Weight]:
    """The weight that a scope itself owns under this label."""
    if child.call is None or not isinstance(child.call.callee, Layer):
        return []
    return [weight for weight in layer_weights(module, child.call) if not weight.name and weight.persistent]


def _walk_children(
    program: Program, module: Module, tree: dict[str, Child], prefix: str
) -> Iterator[tuple[str, Weight]]:
    for label, child in tree.items():
        path = f"{prefix}{label}"
        if child.call is None:
            owned = [(name, w) for name, inner in child.children.items() for w in _owned(module, inner)]
            yield from ((f"{path}.{name}", weight) for name, weight in owned)
            yield from _walk_children(program, module, child.children, path + ".")
        elif isinstance(child.call.callee, str):
            yield from _walk(program, program.modules[child.call.callee], path + ".")
        else:
            for weight in layer_weights(module, child.call):
                if weight.name:
                    yield f"{path}.{weight.name}", weight


class Totals(Record):
    """Numbers of elements: each parameter counted once however many names it has."""

    trainable: int = 0
    frozen: int = 0
    buffers: int = 0
    bytes: int = 0  # of parameters and buffers together
    resting: int = 0  # parameters of experts that are not chosen, for one token

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.trainable + self.frozen

    @property
    def active(self) -> int:
        """The parameters that one token is computed with: of the experts of a mixture, those chosen for it."""
        return self.parameters - self.resting

    def plus(self, other: Totals, times: int = 1) -> Totals:
        """This and `times` the other."""
        return Totals(
            self.trainable + times * other.trainable,
            self.frozen + times * other.frozen,
            self.buffers + times * other.buffers,
            self.bytes + times * other.bytes,
            self.resting + times * other.resting,
        )

    def freezing(self, elements: int) -> Totals:
        """This, with so many elements that are not trained."""
        return self.plus(Totals(trainable=-elements, frozen=elements))

    def experts(self, count: int, chosen: int) -> Totals:
        """`count` of this, of which a token has some chosen for it."""
        resting = (count - chosen) * self.active
        return Totals().plus(self, count).plus(Totals(resting=resting))


def weights_total(weights: tuple[Weight, ...] | list[Weight]) -> Totals:
    """The elements of some weights."""
    buffers = sum(weight.elements for weight in weights if weight.buffer)
    frozen = sum(weight.elements for weight in weights if not weight.buffer and not weight.trainable)
    trainable = sum(weight.elements for weight in weights if not weight.buffer and weight.trainable)
    return Totals(trainable, frozen, buffers, sum(weight.bytes for weight in weights))


def totals(program: Program) -> dict[str, Totals]:
    """The elements below every module, by key; computed once per module, repeats by multiplication."""
    found: dict[str, Totals] = {}
    for key in program.order:
        module = program.modules[key]
        total = Totals()
        for call in module.calls:
            if call.label is None or call.shared:
                continue
            own = found[call.callee] if isinstance(call.callee, str) else weights_total(layer_weights(module, call))
            total = total.plus(applied(module, call, own))
        resting = Fraction()
        for tie in module.ties:
            weight = weight_at(program, module, tie.parameter)
            total = total.plus(weights_total([weight]), -1)
            resting += weight.elements * (1 - _tokens(program, module, tie.parameter))
        found[key] = total.plus(Totals(resting=int(resting)), -1)
    return found


def _tokens(program: Program, module: Module, path: str) -> Fraction:
    """The share of all tokens that go through what is at a path below a module: of experts, each has an equal one."""
    for call in module.calls:
        rest = call.rest_of(path)
        if rest is not None and not call.shared:
            own = Fraction(chosen(module, call), call.count) if call.routed else Fraction(1)
            inner = rest and isinstance(call.callee, str)
            return own * _tokens(program, program.modules[str(call.callee)], rest) if inner else own
    return Fraction(1)


def applied(module: Module, call: Call, one: Totals) -> Totals:
    """The elements of all applications of a call, from those of one."""
    return one.experts(call.count, chosen(module, call)) if call.routed else Totals().plus(one, call.count)


class Reached(Record):
    """A call that builds what is at a path, the module that it stands in, and what is left of the path inside it."""

    module: Module
    call: Call
    rest: str  # such as the name of a weight; "" where the path is that of the call


def reached(program: Program, module: Module, path: str) -> Reached | None:
    """The innermost call that a path below a module leads to; None where there is none."""
    for call in module.calls:
        rest = call.rest_of(path)
        if rest is None or call.shared:
            continue
        if rest and isinstance(call.callee, str):
            return reached(program, program.modules[call.callee], rest)
        return Reached(module, call, rest)
    return None


def call_at(program: Program, module: Module, path: str) -> Call | None:
    """The call that builds the submodule at a path below a module; None where there is none."""
    found = reached(program, module, path)
    return None if found is None else found.call


def weight_at(program: Program, module: Module, path: str) -> Weight:
    """The weight at a path below a module."""
    found = reached(program, module, path)
    if found is None:
        raise KeyError(path)
    return next(weight for weight in layer_weights(found.module, found.call) if weight.name == found.rest)

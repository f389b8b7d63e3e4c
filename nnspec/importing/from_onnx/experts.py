"""`expert_of`: the experts of a mixture, which all do the same, as one network; and the weights of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnspec.diagnostics import SpecError
from nnspec.importing.from_onnx.builder import Draft
from nnspec.importing.from_onnx.mistakes import CannotSayNodes
from nnspec.importing.from_onnx.paths import Paths
from nnspec.importing.from_onnx.scopes import Placed, nested
from nnspec.importing.network import Network, Operation, Scope, Stored, Weighed
from nnspec.layers.tensor_type import TensorType

GIVEN = 3  # inputs of a mixture before the results of its experts
STEM = "expert"


class Experts:
    """The drafts of the experts of a mixture, each in order."""

    def __init__(self, mixture: Draft, drafts: Sequence[Draft], path: str) -> None:
        """`path` is that of the file, for what is told.

        Raises:
            SpecError: they do different things, or take more than their rows.
        """
        self.mixture, self.path = mixture, path
        self.base = list(mixture.node.module) if mixture.node is not None else []
        self.makers = {value: draft for draft in drafts for value in draft.outputs}
        self.places = {id(draft): place for place, draft in enumerate(drafts)}
        self.stems: list[str] = []  # the paths of layers below an expert
        self.cones = [self._cone(value or "") for value in mixture.inputs[GIVEN:]]
        if not self.cones[0][1] or any(_form(*each) != _form(*self.cones[0]) for each in self.cones):
            raise self.refused("its experts are not alike, or take more than the rows that chose them")

    def refused(self, reason: str) -> SpecError:
        """What is told where the experts cannot be said."""
        name = self.mixture.node.shown if self.mixture.node is not None else "Mixture"
        advice = "write the mixture by hand: nnspec explain Mixture"
        return SpecError.of(CannotSayNodes(None, self.path, (("Mixture", reason, (name,)),), advice))

    def _cone(self, value: str) -> tuple[str, list[Draft]]:
        """What an expert takes, empty where it takes several values, and its drafts."""
        found: dict[int, Draft] = {}
        taken: set[str] = set()
        pending = [value]
        while pending:
            name = pending.pop()
            draft = self.makers.get(name)
            if draft is None:
                taken.add(name)
            elif id(draft) not in found:
                found[id(draft)] = draft
                pending += [each for each in draft.inputs if each]
        ordered = sorted(found.values(), key=lambda each: self.places[id(each)])
        return (taken.pop(), ordered) if len(taken) == 1 else ("", [])

    def drafts(self) -> list[Draft]:
        """Those of all experts."""
        return [draft for _, cone in self.cones for draft in cone]

    def owned(self, paths: Paths) -> list[list[tuple[str, Draft, str]]]:
        """For each expert the names of its weights below it, with their drafts and what these call them."""
        start = ".".join((*self.base, "0", ""))
        for draft in self.cones[0][1]:
            path = paths.of(draft, draft.layer.kind) if draft.weights else ""
            self.stems.append(path.removeprefix(start) if path.startswith(start) else path.rpartition(".")[2])
        found = []
        for _, cone in self.cones:
            named = [
                (stem, draft, name) for stem, draft in zip(self.stems, cone, strict=True) for name in draft.weights
            ]
            found.append([(f"{stem}.{name}" if name else stem, draft, name) for stem, draft, name in named])
        return found

    def network(self, types: Mapping[str, TensorType], weights: Mapping[str, Weighed]) -> Network:
        """The first of them as a network that calls one module; their weights are named by now."""
        rows, cone = self.cones[0]
        placed: list[Placed] = []
        for draft, stem in zip(cone, self.stems, strict=True):
            module = draft.node.module[len(self.base) + 1 :] if draft.node is not None else ()
            path = f"{STEM}.{stem}" if stem else None
            placed.append((Operation(draft.layer, draft.inputs, draft.outputs, path), (STEM, *module), ()))
        root = nested(placed, "Experts")
        for scope in root.items:
            if isinstance(scope, Scope):
                scope.plain = False  # it is a block, also where its layers have numbers for names
        named = {f"{STEM}.{key}": each for key, each in weights.items()}
        outputs = (("y", self.mixture.inputs[GIVEN] or ""),)
        return Network("Experts", root, (("x", rows),), outputs, dict(types), named)


def _form(rows: str, cone: Sequence[Draft]) -> object:
    """What an expert does, in a form that is equal for those that do the same."""
    numbers: dict[str | None, object] = {None: None, rows: "rows"}
    found = []
    for place, draft in enumerate(cone):
        numbers.update({value: (place, number) for number, value in enumerate(draft.outputs)})
        layer = draft.layer.type if isinstance(draft.layer, Stored) else draft.layer
        inputs = tuple(numbers[value] for value in draft.inputs)
        found.append((layer, inputs, tuple((name, each.array.shape) for name, each in draft.weights.items())))
    return found

"""Single layers at random against torch called directly, and ONNX: `python -m tests.fuzz.layers --seconds 60`."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import torch

import nnspec
from nnspec import SpecError
from nnspec.dims import Expression
from nnspec.layers.base import Layer
from nnspec.layers.batched import Batched
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.unsupported import UNSUPPORTED
from tests.fuzz import run
from tests.fuzz.catalogue import ENTRIES, Entry, maybe, use
from tests.fuzz.comparing import Arrays, Network, forget, need, ran
from tests.fuzz.drawing import Drawing, Scope, flat, new_symbol
from tests.fuzz.machine import Machine
from tests.fuzz.operations import OPERATIONS, Operation
from tests.fuzz.plain import known, plain

LETTERS = "abcde"


class Case(NamedTuple):
    """One use of a layer: how it is written, on which inputs, and its name and arguments."""

    applied: str
    inputs: tuple[str, ...]
    layer: str
    arguments: dict[str, Any]
    seed: int
    alone: Batched | None = None  # what gets a single sample

    @property
    def text(self) -> str:
        """A model that is this use."""
        lines = [f"  input {name}: {given}" for name, given in zip(LETTERS, self.inputs, strict=False)]
        return "model Layer {\n" + "\n".join([*lines, f"  {self.applied}"]) + "\n}\n"


class Layers(Machine[Case]):
    """Uses of every layer of the registry."""

    name = "layers"
    cases = "layers"

    def draw(self, random: Random) -> Case:
        if maybe(random, 0.35):
            drawn = random.choice(OPERATIONS)(random)
            return Case(drawn.text, drawn.inputs, drawn.name, {"": drawn}, random.randrange(2**31))
        entry = random.choice(list(ENTRIES.values()))
        while True:
            declared, given = input_type(random, entry)
            used = use(random, entry.name, given)
            if used is not None and not any(isinstance(each, Expression) for each in flat(used.arguments)):
                break
        alone = None
        if isinstance(used.layer, Batched) and maybe(random, 0.15):
            shown = without_samples(used.layer, declared, given)
            declared, alone = (declared, None) if shown is None else (shown, used.layer)
        applied = f"(a) -> layer: {Drawing(random).applied(used, Scope())}"
        if "(_" in applied:
            applied = applied.replace("(a) -> layer: ", "a -> ")
        results = used.layer.result_names()
        if len(results) > 1 and "layer: " in applied:
            applied += "\n" + "\n".join(f"  output r{index} = layer.{name}" for index, name in enumerate(results))
        return Case(applied, (declared,), entry.name, dict(used.arguments), random.randrange(2**31), alone)

    def show(self, case: Case) -> str:
        return case.text

    def smaller(self, case: Case) -> Iterator[Case]:
        for index, shown in enumerate(case.inputs):
            for name in ("N", "T", "C", "H", "W", "D"):
                inputs = list(case.inputs)
                inputs[index] = shown.replace(name, "4")
                if inputs[index] != shown:
                    yield case._replace(inputs=tuple(inputs))

    def examine(self, case: Case) -> str:
        try:
            model = nnspec.loads(case.text)
        except SpecError as refused:
            need(bool(str(refused)), "a refusal without words")
            return "refused"
        try:
            network = Network(model, Random(case.seed))
            network.check_state()
            network.check_json()
            tried = network.tries(2)
            unsupported = {kind.__name__ for kind in UNSUPPORTED}
            if any(
                call.callee.kind in unsupported for call in model.program.main.calls if isinstance(call.callee, Layer)
            ):
                return "not in ONNX"
            session = network.onnx(optimise=case.seed % 2 == 0, checked=case.seed % 8 == 0)
            for sizes, inputs, found in tried:
                network.check_shapes(sizes, found, "PyTorch")
                answers = ran(session, inputs)
                network.check_shapes(sizes, answers, "ONNX")
                network.compare(f"{case.layer}: ONNX", inputs, found, answers)
                wanted = expected(case, network, inputs)
                if wanted is not None:
                    network.compare(f"{case.layer}: torch", inputs, wanted, found)
        finally:
            forget()
        return "sound" if tried else "without sizes"


def input_type(random: Random, entry: Entry) -> tuple[str, TensorType]:
    """A type that the layer takes, as it is declared and as it is."""
    rank, dtype = random.choice(entry.ranks), random.choice(entry.dtypes)
    names = "NCDHW" if rank == 5 else "NCHW"[:rank] if rank != 3 else random.choice(["NCT", "NTC", "TNC"])
    shown, shape = [], []
    for name in names:
        if name == "C" and rank > 1 and maybe(random, 0.95):
            size = random.choice([1, 2, 3, 4, 6, 8, 9, 12])
        elif name == "D" or maybe(random, 0.5):
            size = random.choice([1, 2, 3, 4, 5, 6, 7, 8])
        else:
            text, symbolic = new_symbol(random, name)
            shown.append(text)
            shape.append(symbolic)
            continue
        shown.append(str(size))
        shape.append(size)
    return f"{dtype}[{', '.join(shown)}]", TensorType(dtype, tuple(shape))  # type: ignore[arg-type]


def without_samples(layer: Batched, declared: str, given: TensorType) -> str | None:
    """The declared type without the dimension of samples; None where what is left is no single sample."""
    dims, _ = layer.sample_dims(given)
    sizes = declared[declared.index("[") + 1 : -1].split(", ")
    assert dims[0] is not None
    del sizes[dims[0]]
    left = given.with_shape(*given.shape[: dims[0]], *given.shape[dims[0] + 1 :])
    return f"{given.dtype}[{', '.join(sizes)}]" if layer.single(left) else None


def expected(case: Case, network: Network, inputs: Arrays) -> Arrays | None:
    """What torch gives, called directly; None where there is no other way to compute it."""
    given = [torch.from_numpy(array) for array in inputs.values()]
    if "" in case.arguments:
        operation: Operation = case.arguments[""]
        if operation.compute is None:
            return None
        weights = {key.removeprefix("layer."): torch.from_numpy(array) for key, array in network.weights.items()}
        with torch.no_grad():
            found = operation.compute(given, weights)
        if found is None:
            return None
        results = found if isinstance(found, tuple) else (found,)
    elif known(case.layer):
        weights = {key.removeprefix("layer."): torch.from_numpy(array) for key, array in network.weights.items()}
        with torch.no_grad():
            results = in_batch(case, weights, given)
    else:
        return None
    return {name: value.numpy() for name, value in zip(network.outputs, results, strict=False)}


def in_batch(case: Case, weights: dict[str, torch.Tensor], given: list[torch.Tensor]) -> tuple[Any, ...]:
    """The results; of a single sample, those of a batch of one."""
    if case.alone is None:
        return plain(case.layer, case.arguments, weights, given)
    inputs, results = case.alone.sample_dims(None)
    made = plain(case.layer, case.arguments, weights, [given[0].unsqueeze(inputs[0] or 0)])
    return tuple(each.squeeze(dim) for each, dim in zip(made, results, strict=True))


if __name__ == "__main__":
    run.main(Layers())

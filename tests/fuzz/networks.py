"""Networks at random, the same in every form: `python -m tests.fuzz.networks --seconds 600 --seed 7`.

Each is compared as summary = PyTorch = JSON = source alone = ONNX; the number of the case says which of the more
expensive comparisons it is given besides: settings, sizes of inputs, float64, bfloat16, training, the checker of ONNX.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import numpy as np
import torch

import nnspec
from nnspec import SpecError
from nnspec.ir.state import state_dict
from tests.fuzz import models, run, shrink
from tests.fuzz.comparing import Network, alone, forget, need, ran
from tests.fuzz.machine import Machine


class Case(NamedTuple):
    """A spec, its numbers that may be set, and the seed of all that is drawn for it."""

    text: str
    settings: dict[str, int]
    seed: int


class Networks(Machine[Case]):
    """Whole specs."""

    name = "networks"
    cases = "networks"

    def draw(self, random: Random) -> Case:
        drawn = models.draw(random)
        return Case(drawn.text, drawn.settings, random.randrange(2**31))

    def show(self, case: Case) -> str:
        return case.text

    def smaller(self, case: Case) -> Iterator[Case]:
        for text in (*shrink.without_lines(case.text), *shrink.without_steps(case.text)):
            yield case._replace(text=text)

    def examine(self, case: Case) -> str:
        try:
            model = nnspec.loads(case.text)
        except SpecError as refused:
            need(bool(str(refused)), "a refusal without words")
            return "refused"
        random, forms = Random(case.seed), case.seed % 12
        try:
            network = Network(model, random)
            network.check_state()
            network.check_json()
            compared = self.compare(network, forms)
            if forms in (0, 6):
                with_other_settings(case, model)
            if forms in (1, 7):
                with_fixed_sizes(case, network)
            if forms in (2, 8):
                in_process(network)
        finally:
            forget()
        return compared

    def compare(self, network: Network, forms: int) -> str:
        """PyTorch and ONNX at two sizes."""
        tried = network.tries(2)
        if not tried:
            return "without sizes"
        session = network.onnx(optimise=forms % 2 == 0, checked=forms == 3)
        for sizes, inputs, found in tried:
            network.check_shapes(sizes, found, "PyTorch")
            answers = ran(session, inputs)
            network.check_shapes(sizes, answers, "ONNX")
            network.compare("ONNX", inputs, found, answers)
        if forms in (4, 5, 10):
            in_double(network, inputs, found)
        if forms in (5, 11):
            in_half(network, inputs, found)
        if forms in (9,):
            in_training(network, inputs)
        return "sound"


def in_double(network: Network, inputs: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> None:
    """The module in float64 gives float64, near what it gives in float32."""
    module = alone(network.model)
    module.load_state_dict(network.module.state_dict())
    network.compare("float64", inputs, network.run(inputs, module.double(), torch.float64), found)


def in_half(network: Network, inputs: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> None:
    """The module runs in bfloat16 and gives it."""
    module = alone(network.model)
    module.load_state_dict(network.module.state_dict())
    try:
        network.run(inputs, module.bfloat16(), torch.bfloat16)
    except NotImplementedError:
        return  # torch has no kernel of this layer for the processor


def in_training(network: Network, inputs: dict[str, np.ndarray]) -> None:
    """It runs in training, and every output that can be learned has a gradient."""
    module = network.module.train()
    if any(array.ndim and array.shape[0] < 2 for array in inputs.values()):
        return
    try:
        found = module(*(torch.from_numpy(array) for array in inputs.values()))
    except ValueError as error:
        if "more than 1" in str(error):
            return  # statistics of one value
        raise
    results = found if isinstance(found, tuple) else (found,)
    need(len(results) == len(network.program.main.outputs), "training: another number of outputs")
    total = sum(value.sum() for value in results if value.is_floating_point() and value.requires_grad)
    if isinstance(total, torch.Tensor):
        total.backward()
    module.eval()


def with_other_settings(case: Case, model: nnspec.Model) -> None:
    """A number of the model set from outside is the text with that number."""
    if not case.settings:
        return
    name = sorted(case.settings)[case.seed % len(case.settings)]
    head = f"{name} = {case.settings[name]}"
    if head not in case.text:
        return
    other = case.settings[name] + 1 + case.seed % 3
    text = case.text.replace(head, f"{name} = {other}", 1)
    variant = f"{case.text}model Variant = Net({name} = {other})\n"
    made = [
        _program(lambda: nnspec.loads(text)),
        _program(lambda: nnspec.loads(case.text, settings={name: other})),
        _program(lambda: nnspec.loads(variant, "Variant")),
    ]
    need(made[0] == made[1], f"settings: {name} set to {other} is not the text with {other}")
    need((made[0] is None) == (made[2] is None), "variant: it is not what the settings are")
    if made[0] and made[2]:
        keys = [
            [(each.key, each.weight) for each in state_dict(nnspec.from_json(form).program)]
            for form in (made[0], made[2])
        ]
        need(keys[0] == keys[1], "variant: other weights than with the settings")


def _program(load: object) -> str | None:
    try:
        return load().to_json()  # type: ignore[operator,no-any-return]
    except SpecError:
        return None


def with_fixed_sizes(case: Case, network: Network) -> None:
    """With sizes of the inputs given, the same weights give the same outputs."""
    tried = network.tries(1)
    if not tried:
        return
    _, inputs, found = tried[0]
    fixed = nnspec.loads(case.text, inputs={name: array.shape for name, array in inputs.items()})
    other = Network(fixed, Random(case.seed))
    need(list(other.weights) == list(network.weights), "inputs: other keys at fixed sizes")
    other.module.load_state_dict(network.module.state_dict())
    other.weights = network.weights
    other.check_shapes({}, found, "fixed sizes")
    network.compare("fixed sizes", inputs, found, other.run(inputs))
    network.compare("fixed sizes in ONNX", inputs, found, ran(other.onnx(True, False), inputs))


def in_process(network: Network) -> None:
    """`to_torch` gives the same module as the source alone."""
    tried = network.tries(1)
    module = network.model.to_torch().eval()
    module.load_state_dict(network.module.state_dict())
    if tried:
        _, inputs, found = tried[0]
        network.compare("to_torch", inputs, found, network.run(inputs, module))


if __name__ == "__main__":
    run.main(Networks())

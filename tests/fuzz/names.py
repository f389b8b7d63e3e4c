"""Names that Python, PyTorch or ONNX use for something else, in every place of a spec where a name can stand.

`python -m tests.fuzz.names --seconds 60 --seed 7`: any name that `check` accepts works, and no key is another one.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import torch

import nnspec
from nnspec import SpecError
from nnspec.to_torch.module import build
from tests.fuzz import run, shrink
from tests.fuzz.comparing import Network, forget, need, ran
from tests.fuzz.machine import Machine

OF_MODULES = [name for name in dir(torch.nn.Module()) if name.isidentifier()]
OF_SEQUENCES = [name for name in dir(torch.nn.Sequential()) if name.isidentifier()]
OF_LANGUAGES = [*keyword.kwlist, *keyword.softkwlist, *dir(builtins)]
OF_SOURCES = """
    self torch nn F math OrderedDict partial initialise device dtype wide index layer x y z x2 y_ x_ like group module
    T N C H W batch length size in_channels out_channels in_features width args kwargs cls mod init original weight bias
    parametrizations running_mean num_batches_tracked input output inputs outputs logits loss label image graph node
    value name model past present onnx ort lax np os sys jacobian forward_ Model Module Sequential Linear2 Parameter_
    a A aa Aa aA _a __a __a__ _0 _1 a_1 a_2 linear relu add linear_1 add_1 __conv _apply T_destination state_dict
""".split()
POOL = [*OF_MODULES, *OF_SEQUENCES, *OF_LANGUAGES, *OF_SOURCES]


class Case(NamedTuple):
    """A text, and the seed of its weights and inputs."""

    text: str
    seed: int


class Names(Machine[Case]):
    """Models whose names are drawn from those that mean something else to somebody."""

    name = "names"
    cases = "models"

    def draw(self, random: Random) -> Case:
        return Case(_Drawing(random).text(), random.randrange(2**31))

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
        try:
            network = Network(model, Random(case.seed))
            network.check_state()
            network.check_json()
            compiled = build(model.program)
            need(list(compiled.state_dict()) == list(network.weights), "the source alone has other keys")
            compiled.load_state_dict({key: torch.from_numpy(array) for key, array in network.weights.items()})
            for path, _ in compiled.named_parameters():
                need(path in network.weights, f"no key {path}")
            if any(found.diagnostic.code == "W0271" for found in model.found):
                return "not for ONNX, and told"
            session = network.onnx(optimise=True, checked=True)
            for sizes, inputs, found in network.tries(2):
                network.check_shapes(sizes, found, "PyTorch")
                network.compare("compiled", inputs, found, network.run(inputs, compiled.eval()))
                answers = ran(session, inputs)
                network.compare("ONNX", inputs, found, answers)
        finally:
            forget()
        return "sound"


class _Drawing:
    """A model in which each kind of name occurs, every name drawn from the pool."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.fresh = 0
        self.share = random.choice([0.5, 0.7, 0.85])  # of names that mean nothing to anybody
        self.few = [random.choice(POOL) for _ in range(12)]  # of which some stand in several places

    def name(self, capital: bool = False) -> str:
        if self.random.random() < self.share:
            self.fresh += 1
            return f"{'B' if capital else 'v'}{self.fresh}"
        drawn = self.random.choice(self.few if self.random.random() < 0.3 else POOL)
        return drawn[:1].upper() + drawn[1:] if capital and self.random.random() < 0.7 else drawn

    def label(self) -> str:
        parts = [self.name() for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        if self.random.random() < 0.1:
            parts[self.random.randrange(1, len(parts) + 1) - 1] += str(self.random.randrange(3))
        text = ".".join(parts)
        return text if self.random.random() < 0.6 else f'"{text}"'

    def text(self) -> str:
        random = self.random
        block, argument, other, inner = self.name(True), self.name(), self.name(), self.name()
        model, given, value, second = self.name(True), self.name(), self.name(), self.name()
        parameter = self.name()
        body = [
            f"  {self.label()}: Linear({argument}) -> {self.label()}: ReLU",
            f"  {inner} = _ + {other}",
            f"  {self.label()}: Linear({argument}, bias = false)",
            f"  _ + {inner} -> Tanh",
        ]
        lines = [
            f"  input {given}: float[{self.name()}, 4]",
            f"  input {second}: float[{self.name()}, 4]" if random.random() < 0.4 else "",
            f"  {self.label()}: {block}(6, 2) -> {self.label()}: {block}(4, 3)",
            f"  {parameter} = Parameter([4], init = 0.5)",
            f"  {value} = {given} * {parameter} -> {self.label()}: Linear(4)",
            f"  {self.label()}: {{ {self.label()}: Linear(4) -> {self.label()}: BatchNorm1d -> Sigmoid }}",
            f"  {self.label()}: {random.choice([2, 3])} x {block}(4, 1)",
            f"  _ + {value}",
            f"  {self.label()}: {random.choice([2, 3])} x Linear(4)" if random.random() < 0.5 else "",
            f"  _ + {given}",
            f"  output {self.name()} = {self.label()}: Linear(3)",
            f"  output {self.name()} = {value}" if random.random() < 0.5 else "",
        ]
        kept = [line for line in lines if line and (line.startswith("  input") or random.random() < 0.9)]
        inside = "\n".join(body)
        return f"block {block}({argument}, {other}) {{\n{inside}\n}}\nmodel {model} {{\n" + "\n".join(kept) + "\n}\n"


if __name__ == "__main__":
    run.main(Names())

"""Modules of PyTorch made at random, that are imported: `python -m tests.fuzz.modules --seconds 60 --seed 7`.

They are nested, hold containers, tensors and buffers of their own, apply what they have again, and some weights of
theirs are shared. Each is imported, which compares keys, what is shared, and results, or refused with the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nnspec
from tests.fuzz import run
from tests.fuzz.machine import Fault, Machine

WIDTH = 6
DEPTH = 2  # of blocks in blocks
ALONE = ("linear", "bare", "norm", "batch", "relu", "prelu", "dropout")
INSIDE = ("block", "row", "list")
PLAIN = ("tanh", "softmax", "twice", "parameter", "buffer", "hidden", "again", "weight")
OF_TWO = ("sum", "joined", "pair")


class Step(NamedTuple):
    """What is done with values that were made before, by their numbers; `inside` is what a module of it does."""

    kind: str
    first: int
    second: int = 0
    inside: tuple[tuple[Step, ...], ...] = ()  # type: ignore[misc]  # mypy knows no tuples that hold themselves


Plan = tuple[Step, ...]


class Built(nn.Module):
    """The module of a plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        for place, step in enumerate(plan):
            self._add(f"{step.kind}{place}", step)

    def _add(self, name: str, step: Step) -> None:
        inner = [Built(each) for each in step.inside]
        if step.kind in ALONE or step.kind in INSIDE or step.kind in ("joined", "pair"):
            self.add_module(name, _module(step.kind, inner))
        elif step.kind == "parameter":
            self.register_parameter(name, nn.Parameter(torch.rand(WIDTH)))
        elif step.kind in ("buffer", "hidden"):
            self.register_buffer(name, torch.rand(WIDTH), persistent=step.kind == "buffer")

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for place, step in enumerate(self.plan):
            values.append(self._made(f"{step.kind}{place}", step, values))
        return values[-1]

    def _made(self, name: str, step: Step, values: list[Tensor]) -> Tensor:
        first, second = values[step.first], values[step.second]
        if step.kind in ("again", "weight"):
            linears = [each for each in self.children() if isinstance(each, nn.Linear) and each.in_features == WIDTH]
            applied = [each for each in self.children() if isinstance(each, (Built, nn.Linear, nn.Sequential))]
            if step.kind == "weight" and linears:
                return F.linear(first, linears[step.second % len(linears)].weight)
            usual = [each for each in applied if not isinstance(each, nn.Linear) or each.in_features == WIDTH]
            return usual[step.second % len(usual)](first) if usual else first
        if step.kind in ("tanh", "softmax", "twice", "sum"):
            return {"tanh": torch.tanh(first), "softmax": first.softmax(-1), "twice": first * 2.0,
                    "sum": first + second}[step.kind]  # fmt: skip
        own = getattr(self, name)
        if step.kind == "joined":
            return own(torch.cat([first, second], -1))
        if step.kind == "pair":
            return sum(own(first, second))  # type: ignore[return-value]
        if step.kind == "list":
            for each in own:
                first = each(first)
            return first
        return first * own if isinstance(own, Tensor) else own(first)


class Pair(nn.Module):
    """Two values in, two out."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(self.left(x) + y)
        return z, self.right(z)


def _module(kind: str, inner: list[Built]) -> nn.Module:
    if kind == "row":
        return nn.Sequential(*inner, nn.Linear(WIDTH, WIDTH), nn.ReLU())
    if kind == "list":
        return nn.ModuleList(inner)
    if kind == "block":
        return inner[0]
    return {
        "linear": lambda: nn.Linear(WIDTH, WIDTH), "bare": lambda: nn.Linear(WIDTH, WIDTH, bias=False),
        "norm": lambda: nn.LayerNorm(WIDTH), "batch": lambda: nn.BatchNorm1d(WIDTH), "relu": nn.ReLU,
        "prelu": nn.PReLU, "dropout": lambda: nn.Dropout(0.1), "pair": Pair,
        "joined": lambda: nn.Linear(2 * WIDTH, WIDTH),
    }[kind]()  # fmt: skip


class Modules(Machine[Plan]):
    """Modules as plans."""

    name = "modules"
    cases = "modules"

    def draw(self, random: Random) -> Plan:
        return self._plan(random, DEPTH)

    def _plan(self, random: Random, depth: int) -> Plan:
        kinds = (*ALONE, *PLAIN, *OF_TWO, *(INSIDE * 2 if depth else ()))
        steps: list[Step] = [Step("linear", 0)] if depth == DEPTH else []
        for _ in range(random.randint(2, 5)):
            kind, known = random.choice(kinds), len(steps)
            count = {"block": 1, "row": random.randint(0, 2), "list": 2}.get(kind, 0)
            inside = tuple(self._plan(random, depth - 1) for _ in range(count))
            if kind == "list" and random.random() < 0.5:
                inside = inside[:1] * 3  # alike
            steps.append(Step(kind, max(0, known - random.choice((0, 0, 1, 2))), random.randint(0, known), inside))
        return tuple(steps)

    def smaller(self, case: Plan) -> Iterator[Plan]:
        for place in range(len(case)):
            yield tuple(
                step._replace(first=_without(step.first, place + 1), second=_without(step.second, place + 1))
                for step in (*case[:place], *case[place + 1 :])
            )
        for place, step in enumerate(case):
            for number, inner in enumerate(step.inside):
                for less in self.smaller(inner):
                    inside = (*step.inside[:number], less, *step.inside[number + 1 :])
                    yield (*case[:place], step._replace(inside=inside), *case[place + 1 :])

    def examine(self, case: Plan) -> str:
        torch.manual_seed(0)
        try:
            nnspec.from_torch(Built(case).eval(), torch.rand(3, WIDTH), dynamic={"x": f"N {WIDTH}"})
        except nnspec.SpecError as refused:
            if "E0533" in str(refused) or "torch.export cannot" in str(refused):
                return "refused"
            raise Fault(str(refused).strip()) from refused
        return "sound"

    def show(self, case: Plan) -> str:
        return "\n".join(_lines(case, ""))


def _without(number: int, gone: int) -> int:
    return number - 1 if number >= gone else number


def _lines(plan: Plan, margin: str) -> Iterator[str]:
    for place, step in enumerate(plan):
        yield f"{margin}{place + 1} = {step.kind}({step.first}, {step.second})"
        for each in step.inside:
            yield from _lines(each, f"{margin}    ")


if __name__ == "__main__":
    run.main(Modules())

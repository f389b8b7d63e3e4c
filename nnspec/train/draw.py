"""Pictures drawn from a run: what its recipe calls `sample`, with its best weights.

The program of the sample lies in the folder of the run, so that no data is needed to draw.
"""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.dims import Size, substitute, symbols
from nnspec.ir import Module, Program
from nnspec.ir.verify import UnsoundProgram, verify
from nnspec.layers.base import Layer
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.manifest import check_digest
from nnspec.to_torch.module import build
from nnspec.train.mistakes import BadRun
from nnspec.train.randomness import own_randomness
from nnspec.train.settings import SAMPLE, best_weights
from nnspec.weights.checkpoint import read_checkpoint
from nnspec.weights.module import fill


class SampleOfData(Diagnostic):
    """The `sample` of a recipe is made from the data, so that there is nothing to draw without it.

    `nnspec train` still writes samples.png, from data that is held out.
    """

    code = "E0609"
    name: str

    @property
    def message(self) -> str:
        return f"the sample of this run is made from `{self.name}`, a field of its data"

    @property
    def help(self) -> str | None:
        return "look at its samples.png; a sample that is drawn begins with `normal([batch, ...])`"


def draw(
    folder: Path, count: int, seed: int, limits: Limits = DEFAULT_LIMITS, weights: str | Path | None = None
) -> Tensor:
    """Pictures [count, C, H, W], the same ones for the same seed.

    Args:
        folder: of the run.
        count: how many.
        seed: of what is random in them.
        limits: bounds on what is built.
        weights: a file of weights; the best ones of the run if it is left out.

    Raises:
        SpecError: the folder holds no run that draws pictures, or was damaged, or its sample is made from data.
    """
    program = _program(folder)
    main = program.main
    for port in main.inputs:
        if _reads(main, port.value):
            raise SpecError.of(SampleOfData(None, port.name))
    stored = read_checkpoint(weights or best_weights(folder)).tensors
    with own_randomness(torch.device("cpu")):
        torch.manual_seed(seed)
        module = build(program, limits).eval()
        fill(module, program, {key: stored[key].read() for key in module.state_dict() if key in stored})
        with torch.no_grad():
            made: Tensor = module(*(_of_shape(type.shape, count) for type in main.input_types))
    return made


def _of_shape(shape: tuple[Size, ...], count: int) -> Tensor:
    """Zeros in the shape of a field for `count` samples."""
    values = {symbol.text: count for size in shape for symbol in symbols(size)}
    return torch.zeros([int(str(substitute(size, values))) for size in shape])


def _program(folder: Path) -> Program:
    check_digest(folder / SAMPLE)
    try:
        program = Program.from_json((folder / SAMPLE).read_bytes())
        verify(program)
        return program
    except FileNotFoundError:
        reason, advice = "its recipe has no `sample`", "write `sample = ...` into the `train` block"
    except (OSError, ValidationError, UnsoundProgram) as error:
        reason, advice = f"its {SAMPLE} cannot be read ({type(error).__name__})", "start the run again"
    raise SpecError.of(BadRun(None, str(folder), reason, advice))


def _reads(main: Module, value: str) -> bool:
    """Whether a value is used, and not only for its shape, as random values in the shape of another do."""
    users = [call.callee for call in main.calls if value in call.inputs]
    return any(not (isinstance(callee, Layer) and callee.random) for callee in users)

"""Comparing an exported model with the PyTorch module of the same spec, on random input, at two choices of sizes.

Both run in float32 on the processor. An output agrees if no element differs by more than 1e-4 of the output's largest
magnitude plus 1e-6; integers and booleans must be equal. What depends on random layers cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph, Node
from nnspec.to_onnx.mistakes import CannotCompare, NotEqual
from nnspec.to_onnx.runtime import ERRORS, open_session, reason
from nnspec.to_onnx.sample import Sizes, random_inputs, size_choices
from nnspec.to_torch.module import build
from nnspec.weights.arrays import Array, Arrays

RELATIVE, ABSOLUTE = 1e-4, 1e-6
_RANDOM = ("RandomNormalLike", "RandomUniformLike", "RandomNormal", "RandomUniform", "Multinomial", "Bernoulli")
_INTEGERS = (100, 10, 2, 1)  # an integer input may be an index into a table of a size that is not known here


class Verified(Record):
    """What was compared: the sizes, the largest difference, and the outputs left out because they are random."""

    sizes: tuple[Sizes, ...]
    difference: float  # the largest of any element, relative to the largest magnitude of its output
    random: tuple[str, ...]


def verify(program: Program, graph: Graph, model: Path, arrays: Arrays, limits: Limits = DEFAULT_LIMITS) -> Verified:
    """Compare the model file with PyTorch.

    Raises:
        SpecError: they differ, or one of them does not run.
    """
    random = _random_outputs(graph)
    compared = [name for name in graph.outputs if name not in random]
    try:
        session = open_session(model)
    except ERRORS as error:
        raise SpecError.of(CannotCompare(None, "onnxruntime", reason(error))) from None
    module = _module(program, arrays, limits)
    sizes: list[Sizes] = []
    worst = 0.0
    for choice, inputs, wanted in _references(program, graph, module):
        where = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items()) or "no inputs"
        got = _run(session, inputs)
        for name in compared:
            worst = max(worst, _compare(name, wanted[name], got[name], where))
        sizes.append(choice)
        if len(sizes) == 2:
            break
    return Verified(tuple(sizes), worst, tuple(random))


def _random_outputs(graph: Graph) -> list[str]:
    """The outputs that depend on random numbers."""
    random: set[str] = set()
    for node in graph.nodes:
        if _draws(node) or not random.isdisjoint(node.reads()):
            random.update(node.outputs)
    return [name for name in graph.outputs if name in random]


def _draws(node: Node) -> bool:
    return node.op in _RANDOM or (node.body is not None and any(map(_draws, node.body.nodes)))


def _module(program: Program, arrays: Arrays, limits: Limits) -> torch.nn.Module:
    module = build(program, limits).eval()
    tied = {entry.key: entry.tied_to or entry.key for entry in state_dict(program)}
    module.load_state_dict({key: torch.from_numpy(np.array(arrays(owner))) for key, owner in tied.items()})
    return module


def _references(
    program: Program, graph: Graph, module: torch.nn.Module
) -> Iterator[tuple[Sizes, dict[str, Array], dict[str, Array]]]:
    """Sizes, inputs and PyTorch's outputs, for the choices at which PyTorch runs.

    Raises:
        SpecError: it runs at none.
    """
    refused, found = "it has no sizes at which all of its tensors have elements", False
    for sizes in size_choices(program):
        for below in _INTEGERS:
            inputs = random_inputs(graph.inputs, sizes, below)
            try:
                outputs = _run_torch(module, inputs, list(graph.outputs))
            except (RuntimeError, ValueError, IndexError) as error:  # sizes or indices that some layer refuses
                refused = str(error).splitlines()[0]
                continue
            found = True
            yield sizes, inputs, outputs
            break
    if not found:
        raise SpecError.of(CannotCompare(None, "PyTorch", refused))


@torch.no_grad()
def _run_torch(module: torch.nn.Module, inputs: dict[str, Array], names: list[str]) -> dict[str, Array]:
    result: Any = module(*map(torch.from_numpy, inputs.values()))
    results = result if isinstance(result, tuple) else (result,)
    return {name: value.numpy() for name, value in zip(names, results, strict=True)}


def _run(session: Any, inputs: dict[str, Array]) -> dict[str, Array]:
    names = [output.name for output in session.get_outputs()]
    used = {given.name for given in session.get_inputs()}
    try:
        return dict(zip(names, session.run(names, {k: v for k, v in inputs.items() if k in used}), strict=True))
    except ERRORS as error:
        raise SpecError.of(CannotCompare(None, "onnxruntime", reason(error))) from None


def _compare(name: str, wanted: Array, got: Array, where: str) -> float:
    """The largest difference, relative to the largest magnitude.

    Raises:
        SpecError: shape, element type or numbers differ.
    """
    if wanted.shape != got.shape or wanted.dtype != got.dtype:
        found = f"{got.dtype} {list(got.shape)} instead of {wanted.dtype} {list(wanted.shape)}"
        raise SpecError.of(NotEqual(None, name, found, where))
    if wanted.dtype.kind != "f":
        if not np.array_equal(wanted, got):
            raise SpecError.of(NotEqual(None, name, f"{np.mean(wanted != got):.2%} of its elements", where))
        return 0.0
    finite = np.isfinite(wanted)
    if not np.array_equal(finite, np.isfinite(got)) or not np.array_equal(wanted[~finite], got[~finite], True):
        raise SpecError.of(NotEqual(None, name, "other elements are infinite or no numbers", where))
    scale = float(np.abs(wanted[finite]).max(initial=0.0))
    difference = float(np.abs(wanted[finite] - got[finite]).max(initial=0.0))
    if difference > RELATIVE * scale + ABSOLUTE:
        found = f"by {difference:.3g}, where its largest magnitude is {scale:.3g}"
        raise SpecError.of(NotEqual(None, name, found, where))
    return difference / scale if scale else difference

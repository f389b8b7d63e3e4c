"""`bench`: a program as ONNX in onnxruntime, as PyTorch, and as compiled PyTorch, measured side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from nnspec.bench.measure import Candidate, Measured, measure, samples_of
from nnspec.bench.mistakes import UnboundSizes
from nnspec.diagnostics import SpecError
from nnspec.dims import substitute, symbols
from nnspec.infer.providers import check_provider
from nnspec.ir import Program
from nnspec.ir.indices import index_bounds
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.summary.memory import batch_symbol
from nnspec.summary.summary import no_batch
from nnspec.to_onnx.export import export_onnx
from nnspec.to_onnx.sample import Sizes, random_inputs
from nnspec.weights.arrays import Array

NO_SIZES: Mapping[str, int] = {}
ONNX, EAGER, COMPILED = "onnxruntime", "PyTorch", "PyTorch, compiled"


def bench(
    program: Program,
    weights: str | Path | None = None,
    batches: Sequence[int] = (),
    sizes: Mapping[str, int] = NO_SIZES,
    provider: str = "cpu",
    *,
    threads: int | None = None,
    seconds: float = 3.0,
    compiled: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Measured]:
    """Latency, load time and memory of the model by each runtime, for each batch; see `Model.benchmark`."""
    cases = _cases(program, batches, dict(sizes))
    check_provider(provider)
    with TemporaryDirectory() as folder:
        onnx, program_file = Path(folder, "model.onnx"), Path(folder, "program.json")
        export_onnx(program, onnx, weights, verify=False, limits=limits)
        program_file.write_text(program.to_json(), encoding="utf-8")
        own = None if weights is None else Path(weights)
        candidates = [
            Candidate(ONNX, "onnx", onnx, None, provider, threads),
            Candidate(EAGER, "eager", program_file, own, provider, threads),
            Candidate(COMPILED, "compiled", program_file, own, provider, threads),
        ][: None if compiled else -1]
        present = [candidate for candidate in candidates if candidate.name == ONNX or find_spec("torch")]
        found = measure(present, cases, seconds)
    absent = [candidate.name for candidate in candidates if candidate not in present]
    missing = [
        Measured(name, case, samples_of(inputs), failed="torch is not installed")
        for case, inputs in cases.items()
        for name in absent
    ]
    return sorted(found + missing, key=lambda each: list(cases).index(each.case))


def _cases(program: Program, batches: Sequence[int], sizes: Sizes) -> dict[str, dict[str, Array]]:
    """Random inputs for each batch, by what the case is called.

    Raises:
        SpecError: a symbol has no size, or the batch is not a symbol and one is given.
    """
    symbol = batch_symbol(program)
    if batches and symbol is None:
        raise SpecError.of(no_batch(program.main))
    named = {symbol.text for given in program.main.input_types for size in given.shape for symbol in symbols(size)}
    unbound = sorted(named - sizes.keys() - {symbol})
    if unbound:
        raise SpecError.of(UnboundSizes(None, program.main.name, tuple(unbound)))
    types = {port.name: program.main.values[port.value] for port in program.main.inputs}
    choices = [{**sizes, symbol: batch} for batch in batches or (1,)] if symbol else [sizes]
    below = index_bounds(program)
    cases = {}
    for choice in choices:
        shapes = (tuple(substitute(size, choice) for size in given.shape) for given in types.values())
        name = ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
        cases[name] = random_inputs(types, choice, below, 2)
    return cases

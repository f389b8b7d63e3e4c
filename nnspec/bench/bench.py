"""`bench`: a program as ONNX in onnxruntime, as PyTorch, and as compiled PyTorch, measured side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.numpy import save_file

from nnspec.bench.measure import Candidate, Measured, measure, samples_of
from nnspec.bench.mistakes import UnboundSizes
from nnspec.diagnostics import SpecError
from nnspec.dims import substitute, symbols
from nnspec.elaborate.mistakes import BadSetting
from nnspec.infer.providers import check_provider
from nnspec.ir import Program
from nnspec.ir.batch import batch_of
from nnspec.ir.state import state_dict
from nnspec.limits import Limits
from nnspec.record import Record
from nnspec.summary.summary import no_batch
from nnspec.to_onnx.export import export_onnx
from nnspec.to_onnx.sample import Sizes, random_inputs
from nnspec.weights.arrays import Array
from nnspec.weights.load import load_weights
from nnspec.weights.source import WeightSource


class Measurement(Record):
    """The settings of a measurement; see `Model.benchmark`."""

    provider: str
    threads: int | None
    seconds: float
    compiled: bool
    limits: Limits
    file: Path | None = None  # that onnxruntime runs in the place of what is exported


def bench(
    program: Program,
    weights: WeightSource | None,
    batches: Sequence[int],
    sizes: Mapping[str, int],
    manner: Measurement,
) -> list[Measured]:
    """Latency, load time and memory of the model by each runtime, for each batch.

    Raises:
        SpecError: a symbol has no size, there is no batch to set, the provider cannot be used, or the model cannot be
            exported.
    """
    cases = _cases(program, batches, dict(sizes))
    check_provider(manner.provider)
    with TemporaryDirectory() as folder:
        candidates = _candidates(program, weights, Path(folder), manner)
        present = [each for each in candidates if each.kind == "onnx" or find_spec("torch")]
        found = measure(present, cases, manner.seconds)
    found += [
        Measured(each.name, case, samples_of(inputs), failed="torch is not installed")
        for case, inputs in cases.items()
        for each in candidates
        if each not in present
    ]
    return sorted(found, key=lambda each: list(cases).index(each.case))


def _candidates(program: Program, weights: WeightSource | None, folder: Path, manner: Measurement) -> list[Candidate]:
    """The candidates, with their files in a folder."""
    onnx, source = manner.file or folder / "model.onnx", folder / "program.json"
    if manner.file is None:
        export_onnx(program, onnx, weights, verify=False, limits=manner.limits)
    source.write_text(program.to_json(), encoding="utf-8")
    own = None if weights is None else _stored(program, weights, folder)
    found = [Candidate("onnxruntime", "onnx", onnx, None, manner.provider, manner.threads)]
    kinds = {"eager": "PyTorch", "compiled": "PyTorch, compiled"}
    for kind, name in kinds.items():
        if kind != "compiled" or manner.compiled:
            found.append(Candidate(name, kind, source, own, manner.provider, manner.threads))
    return found


def _stored(program: Program, weights: WeightSource, folder: Path) -> Path:
    """The file of weights for the processes that run the candidates; those in memory are put into one."""
    if isinstance(weights, (str, Path)):
        return Path(weights)
    path = folder / "model.safetensors"
    arrays = load_weights(program, weights, thorough=False).arrays
    save_file({entry.key: arrays(entry.key) for entry in state_dict(program) if entry.tied_to is None}, str(path))
    return path


def _cases(program: Program, batches: Sequence[int], sizes: Sizes) -> dict[str, dict[str, Array]]:
    """Random inputs for each batch, by what the case is called.

    Raises:
        SpecError: a symbol has no size, or a size no symbol, or a batch is given and no symbol counts samples.
    """
    counted = batch_of(program)
    symbol = counted.symbol if counted else None
    if batches and symbol is None:
        raise SpecError.of(no_batch(program))
    named = {symbol.text for given in program.main.input_types for size in given.shape for symbol in symbols(size)}
    for name in sizes:
        if name == symbol:
            raise SpecError.of(BadSetting(None, f"{name} counts samples", f"give it by --batch {sizes[name]}"))
        if name not in named:
            known = ", ".join(sorted(named - {symbol})) or "none"
            reason = f"the inputs of {program.main.name} have no symbol {name}"
            raise SpecError.of(BadSetting(None, reason, f"the symbols that are given a size are {known}"))
    unbound = sorted(named - sizes.keys() - {symbol})
    if unbound:
        raise SpecError.of(UnboundSizes(None, program.main.name, tuple(unbound)))
    choices = [{**sizes, symbol: batch} for batch in batches or (1,)] if symbol else [sizes]
    cases = {}
    for choice in choices:
        shapes = (tuple(substitute(size, choice) for size in given.shape) for given in program.main.input_types)
        name = ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
        cases[name] = random_inputs(program, choice, 2)
    return cases

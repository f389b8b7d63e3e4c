"""One network in all its forms: summary, PyTorch, the source alone, JSON, ONNX, other settings, other number formats."""

from __future__ import annotations

import linecache
import sys
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

import nnspec
from nnspec import Model
from nnspec.dims import substitute
from nnspec.ir import Program
from nnspec.ir.chance import random_outputs
from nnspec.ir.state import state_dict
from nnspec.ir.verify import verify
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.export import export_model
from nnspec.to_onnx.sample import Sizes, SizeSpace, random_inputs
from tests.fuzz.catalogue import ENTRIES
from tests.fuzz.machine import Fault

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
TORCH = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}
NUMPY = {"float": np.float32, "int": np.int64, "bool": np.bool_}
RELATIVE, ABSOLUTE = 2e-4, 2e-5
_TRIED = 8  # sizes


def need(holds: bool, fault: str) -> None:
    """Refuse what does not hold.

    Raises:
        Fault: it does not.
    """
    if not holds:
        raise Fault(fault)


class Network:
    """A model with weights, and what must hold for it."""

    def __init__(self, model: Model, random: Random) -> None:
        self.model = model
        self.program: Program = model.program
        self.random = random
        self.module = alone(model)
        fill(self.module, random.randrange(2**31))
        main = self.program.main
        self.types = dict(zip((port.name for port in main.inputs), main.input_types, strict=True))
        self.outputs = {port.name: main.values[port.value] for port in main.outputs if not port.training}
        self.steady = [name for name in self.outputs if name not in random_outputs(self.program)]
        self.weights = {key: tensor.detach().numpy().copy() for key, tensor in self.module.state_dict().items()}

    # --- what it is

    def check_state(self) -> None:
        """Names, shapes and trainability of all weights, and their number in the summary."""
        declared = {entry.key: entry for entry in state_dict(self.program)}
        actual = self.module.state_dict()
        need(list(declared) == list(actual), f"state_dict: other keys: {list(declared)} and {list(actual)}")
        for key, entry in declared.items():
            shape = tuple(actual[key].shape)
            need(entry.weight.shape == shape, f"state_dict: {key} is {entry.weight.shape} and {shape}")
        counted = sum(parameter.numel() for parameter in self.module.parameters())
        told = self.model.summary().parameters
        need(told == counted, f"summary: {told} parameters, and PyTorch has {counted}")
        trainable = {name for name, parameter in self.module.named_parameters() if parameter.requires_grad}
        tied = {entry.key for entry in declared.values() if entry.tied_to}
        said = {key for key, entry in declared.items() if entry.weight.trainable and not entry.weight.buffer}
        need(trainable == said - tied, f"trainable: {sorted(said - tied)} and {sorted(trainable)}")

    def check_json(self) -> None:
        """The program survives its JSON form."""
        verify(self.program)
        again = nnspec.from_json(self.model.to_json())
        need(again.program == self.program, "JSON: another program comes back")

    # --- what it computes

    def tries(self, count: int) -> list[tuple[Sizes, Arrays, Arrays]]:
        """Sizes for the symbols, the smallest and others, with inputs and outputs; those that PyTorch takes.

        Raises:
            Fault: it takes none.
        """
        made: list[tuple[Sizes, Arrays, Arrays]] = []
        refused = ""
        for tried, sizes in enumerate(SizeSpace(self.program).choices(self.random.randrange(1000))):
            if any(sizes == each for each, _, _ in made) or tried > _TRIED:
                break
            if made and tried < _TRIED and self.random.random() < 0.4:
                continue
            inputs = self.inputs(sizes)
            try:
                made.append((sizes, inputs, self.run(inputs)))
            except (RuntimeError, IndexError, ValueError) as error:
                refused = str(error)
            if len(made) == count:
                break
        unknown = "out of range" in refused or "out of bounds" in refused  # an index beyond the sizes that were tried
        need(bool(made) or not refused or unknown, f"PyTorch does not run: {refused}")
        return made

    def inputs(self, sizes: Sizes) -> Arrays:
        """Random inputs."""
        made = random_inputs(self.program, sizes, 4, self.random.randrange(2**31))
        return {name: np.asarray(array) for name, array in made.items()}

    def run(self, inputs: Arrays, module: torch.nn.Module | None = None, dtype: torch.dtype | None = None) -> Arrays:
        """PyTorch's outputs."""
        tensors = [torch.from_numpy(array) for array in inputs.values()]
        if dtype is not None:
            tensors = [each.to(dtype) if each.is_floating_point() else each for each in tensors]
        with torch.no_grad():
            found = (module or self.module)(*tensors)
        results = found if isinstance(found, tuple) else (found,)
        need(len(results) == len(self.outputs), f"PyTorch: {len(results)} outputs instead of {len(self.outputs)}")
        made: Arrays = {}
        for name, value in zip(self.outputs, results, strict=True):
            wanted = TORCH[self.outputs[name].dtype]
            if wanted.is_floating_point:
                wanted = dtype or wanted
            need(value.dtype == wanted, f"PyTorch: {name} is {value.dtype} instead of {wanted}")
            made[name] = (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).detach().numpy()
        return made

    def check_shapes(self, sizes: Sizes, outputs: Arrays, of: str) -> None:
        """Every output has the shape and type that the summary says."""
        for name, given in self.outputs.items():
            wanted = tuple(substitute(size, sizes) for size in given.shape)
            found = outputs[name]
            need(found.shape == wanted, f"shape: {of}: {name} is {found.shape} instead of {wanted} at {sizes}")
            need(found.dtype.kind == np.dtype(NUMPY[given.dtype]).kind, f"type: {of}: {name} is {found.dtype}")

    def compare(self, what: str, inputs: Arrays, one: Arrays, other: Arrays, tolerance: float = RELATIVE) -> None:
        """Two sets of outputs agree, but where a hair's breadth of another input changes them as much.

        Raises:
            Fault: they do not.
        """
        wrong = [name for name in self.steady if not close(one[name], other[name], tolerance)]
        if not wrong:
            return
        slack = self.unsteadiness(inputs, wrong)
        for name in wrong:
            exact, found = one[name], other[name]
            need(exact.shape == found.shape, f"{what}: {name} is {found.shape} instead of {exact.shape}")
            if close(exact, found, tolerance, slack[name]) or self._jumps(exact, found, tolerance):
                continue
            with np.errstate(all="ignore"):
                difference = np.nanmax(np.abs(exact.astype(float) - found.astype(float)), initial=0.0)
            shown = {key: list(value.shape) for key, value in inputs.items()}
            raise Fault(
                f"{what}: {name} differs by {difference:.3g} of {np.abs(exact).max(initial=0):.3g}, inputs {shown}"
            )

    def _jumps(self, exact: Array, found: Array, tolerance: float) -> bool:
        """Whether no more than a few elements differ, of a network with a layer whose result jumps, as Floor's does."""
        layers = {
            call.callee.kind
            for module in self.program.modules.values()
            for call in module.calls
            if isinstance(call.callee, Layer)
        }
        if not layers & {entry.name for entry in ENTRIES.values() if not entry.steady}:
            return False
        with np.errstate(all="ignore"):
            scale = float(np.abs(exact.astype(float))[np.isfinite(exact)].max(initial=0.0))
            apart = np.abs(exact.astype(float) - found.astype(float)) > tolerance * scale + ABSOLUTE
        return bool(apart.mean() < 0.05)

    def unsteadiness(self, inputs: Arrays, names: list[str]) -> Arrays:
        """How much outputs change where inputs and weights change by a few of the last bits of float32."""
        module, spread = alone(self.model), {name: np.zeros(()) for name in names}
        for seed in range(4):
            torch.manual_seed(seed)
            state = {
                key: tensor * (1 + 2e-6 * torch.randn(tensor.shape)) if tensor.is_floating_point() else tensor
                for key, tensor in self.module.state_dict().items()
            }
            module.load_state_dict(state)
            module.eval().double()
            numbers = np.random.default_rng(seed)
            moved = {
                key: array * (1 + 2e-6 * numbers.standard_normal(array.shape))
                + 1e-7 * numbers.standard_normal(array.shape)
                if array.dtype.kind == "f"
                else array
                for key, array in inputs.items()
            }
            moved = {key: np.asarray(array, inputs[key].dtype) for key, array in moved.items()}
            there = self.run(moved, module, torch.float64)
            here = self.run(inputs)
            for name in names:
                with np.errstate(all="ignore"):
                    change = np.abs(there[name].astype(float) - here[name].astype(float))
                change = np.where(np.isnan(change), np.inf, change)
                spread[name] = np.maximum(spread[name], change)
        return spread

    # --- ONNX

    def onnx(self, optimise: bool, checked: bool) -> onnxruntime.InferenceSession:
        """The exported model, opened; its inputs and outputs have the names and sizes of the spec."""
        made = export_model(self.program, dict(self.weights))
        if checked:
            onnx.checker.check_model(made, full_check=True)
        session = opened(made.SerializeToString(), optimise)
        names = [given.name for given in session.get_outputs()]
        need(names == list(self.outputs), f"ONNX: outputs {names} instead of {list(self.outputs)}")
        unknown = {given.name for given in session.get_inputs()} - set(self.types)
        need(not unknown, f"ONNX: inputs {unknown} that the spec has not")
        for given in (*session.get_inputs(), *session.get_outputs()):
            self._check_port(given, self.types.get(given.name) or self.outputs[given.name])
        return session

    def _check_port(self, given: Any, type: TensorType) -> None:
        shape = [size if isinstance(size, int) else str(size) for size in type.shape]
        fits = len(shape) == len(given.shape) and all(
            a == b for a, b in zip(shape, given.shape, strict=True) if isinstance(a, int) or isinstance(b, int)
        )
        need(fits, f"ONNX: {given.name} is declared {given.shape} instead of {shape}")


def opened(model: bytes, optimise: bool) -> onnxruntime.InferenceSession:
    """A session of one thread."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def ran(session: onnxruntime.InferenceSession, inputs: Arrays) -> Arrays:
    """onnxruntime's outputs."""
    known = {given.name for given in session.get_inputs()}
    names = [given.name for given in session.get_outputs()]
    values = session.run(names, {name: array for name, array in inputs.items() if name in known})
    return dict(zip(names, values, strict=True))


def alone(model: Model) -> torch.nn.Module:
    """The module of the source that `torch_source` writes, run with nothing but torch."""
    source = model.torch_source()
    space = ModuleType("alone")
    exec(compile(source, "<alone>", "exec"), space.__dict__)
    kinds = [each for each in vars(space).values() if isinstance(each, type) and each.__module__ == "alone"]
    made: torch.nn.Module = next(each for each in kinds if each.__name__ == entry_name(source))()
    return made.eval()


def entry_name(source: str) -> str:
    """The name of the last class of the source, which is the model."""
    return source.rsplit("\nclass ", 1)[1].split("(", 1)[0]


def fill(module: torch.nn.Module, seed: int) -> None:
    """Weights that are not where they start: no scale is one, no bias and no mean is zero."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for key, tensor in module.state_dict(keep_vars=True).items():
            last = key.rsplit(".", 1)[-1]
            if not tensor.is_floating_point() or last in {"_u", "_v"}:
                continue
            if last == "running_var":
                tensor.copy_(torch.rand_like(tensor) + 0.5)
            elif tensor.ndim > 1:
                tensor.add_(0.1 * torch.randn_like(tensor))
            else:
                tensor.add_(0.3 * torch.randn_like(tensor))


def close(one: Array, other: Array, tolerance: float, slack: Array | float = 0.0) -> bool:
    """Whether two arrays agree; `slack` is what each element may be away besides."""
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    if one.dtype.kind != "f":
        return bool(np.all((one == other) | (np.asarray(slack) > 0)))
    with np.errstate(all="ignore"):
        finite = np.isfinite(one)
        scale = float(np.abs(one[finite]).max(initial=0.0))
        near = np.abs(one.astype(np.float64) - other) <= tolerance * scale + ABSOLUTE + 4 * np.asarray(slack)
        alike = (one == other) | (np.isnan(one) & np.isnan(other)) | near | ~np.isfinite(slack)
    return bool(np.all(alike))


def forget() -> None:
    """What building modules leaves behind in the process."""
    for name in [name for name in sys.modules if name.startswith("nnspec_generated_")]:
        del sys.modules[name]
    for file in [file for file in linecache.cache if file.startswith("<")]:
        del linecache.cache[file]

"""The contract of every layer, every example, every lowering, those of plug-ins, too.

The shape rule equals what PyTorch and onnxruntime produce; the declared weights are the module's `state_dict` in
names, order, shapes and trainability, and start as they say; symbolic sizes evaluate to the concrete ones; the numbers
agree; the multiply-accumulates are those that PyTorch counts; models of the oldest opset compute the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import cleandoc
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from nnspec.arguments import typed
from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.indices import length_bounds
from nnspec.ir.macs import macs
from nnspec.ir.state import state_dict
from nnspec.layers.base import Example, Layer, Weight
from nnspec.layers.registry import find
from nnspec.model import Model
from nnspec.record import Record
from nnspec.testing.uses import Inputs, called_layer, concrete, make_inputs, results, sizes, spec
from nnspec.text import from_json
from nnspec.to_onnx import row as onnx_row
from nnspec.to_onnx import rows as onnx_rows
from nnspec.to_onnx.choices import Choices
from nnspec.to_onnx.export import export_model
from nnspec.to_onnx.row import UNSUPPORTED
from nnspec.to_onnx.versions import OLDEST
from nnspec.to_torch import row as torch_row
from nnspec.to_torch import rows as torch_rows

TOLERANCE = 1e-4  # absolute and relative, float32 against float32
TYPES = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}
NEWER = "export with --opset"  # in what an export says where the opset is too old


class Kept(Record):
    """A contract that is kept, and with what."""

    newer: bool  # whether the oldest opset has no operators for this use
    exported: bool  # whether ONNX has some at all


@typed
def contract(layer: type[Layer], *examples: Example) -> tuple[Kept, ...]:
    """Check that a layer keeps its contract: what its definition says is what PyTorch and onnxruntime do.

    In a test: `nnspec.testing.contract(Swish)`; or one test for each of its examples:
    `@pytest.mark.parametrize("example", Swish.examples)` and `contract(Swish, example)`.

    Args:
        layer: a registered class.
        examples: those that are tried; all of the layer if none is given.

    Raises:
        AssertionError: it does not keep it; the message says what differs.
        SpecError: an example is no sound use of the layer.
    """
    check_declared(layer)
    return tuple(check_use(layer, example) for example in examples or layer.examples)


def check_declared(layer: type[Layer]) -> None:
    """Check that a layer is registered, documented, shown in examples and lowered."""
    name = layer.__name__
    assert find(name) is layer, f"{name} is not registered: decorate it with @register_layer"
    inherited = {cleandoc(base.__doc__) for base in layer.__mro__[1:] if base.__doc__}
    assert layer.__doc__ and cleandoc(layer.__doc__) not in inherited, f"{name} has no docstring, which is its page"
    assert layer.examples, f"{name} has no examples: examples = (Example('{name}'),)"
    assert torch_rows.__path__ and onnx_rows.__path__, "the rows of nnspec's own layers are imported"
    assert layer in torch_row.ROWS, f"{name} has no row for PyTorch: @register_torch_row({name})"
    lowered = layer in onnx_row.ROWS or layer in UNSUPPORTED
    assert lowered, f"{name} has neither a row for ONNX (@register_onnx_row) nor a reason (register_no_onnx_row)"


def check_use(layer: type[Layer], example: Example) -> Kept:
    """Check one use of a layer."""
    model = spec(example)
    program = model.program
    used = called_layer(program, layer)
    numbers = sizes(program, example)
    inputs = make_inputs(program, numbers)
    shapes = {name: concrete(type.shape, numbers) for name, type in results(program).items()}
    bound = spec(example, {name: array.shape for name, array in inputs.items()}).program
    found = {name: type.shape for name, type in results(bound).items()}
    assert found == shapes, f"the shape rule gives {found} for numbers, and {shapes} for symbols that are these numbers"
    again = from_json(model.to_json()).program
    assert again == program, "a model with the layer is another one after it was written as JSON and read back"
    torch.manual_seed(0)
    module = model.to_torch().eval()
    check_weights(program, module)
    check_start(program, model)
    outputs = _run(module, inputs, program, bound, tracks=bool(layer.tracks))
    for name, value in outputs.items():
        assert tuple(value.shape) == shapes[name], f"{name} is {list(value.shape)} in PyTorch, not {shapes[name]}"
        wanted = TYPES[results(program)[name].dtype]
        assert value.dtype == wanted, f"{name} is {value.dtype} in PyTorch, not {wanted}"
    if layer in UNSUPPORTED:
        return Kept(False, False)
    return Kept(_check_onnx(module, (program, bound), inputs, outputs, random=used.random), True)


def _run(
    module: torch.nn.Module, inputs: Inputs, program: Program, bound: Program, *, tracks: bool
) -> dict[str, torch.Tensor]:
    """The outputs of the module, whose products are counted on the way."""
    tensors = [torch.from_numpy(array) for array in inputs.values()]
    with torch.set_grad_enabled(tracks), counted_in_full() as counter:
        found = module(*tensors)
    given = [value.detach() for value in (found if isinstance(found, tuple) else (found,))]
    counted, stated = counter.get_total_flops() // 2, macs(bound)[bound.entry]
    assert isinstance(stated, int)
    fits = counted <= stated if length_bounds(program) else counted == stated  # behind its length nothing is computed
    assert fits, f"`macs` gives {stated:,} multiply-accumulates, and PyTorch counts {counted:,}"
    if all(isinstance(call.callee, Layer) and call.callee.steady(training=True) for call in program.main.calls):
        check_steady(module, tensors, given)
    return dict(zip(results(program), given, strict=True))


@contextmanager
def counted_in_full() -> Iterator[FlopCounterMode]:
    """PyTorch's count with the fused kernels of attention and LSTM off, whose products it does not see."""
    torch.backends.mha.set_fastpath_enabled(False)
    torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]
    try:
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            yield counter
    finally:
        torch.backends.mkldnn.set_flags(True)  # type: ignore[no-untyped-call]
        torch.backends.mha.set_fastpath_enabled(True)


def check_steady(module: torch.nn.Module, inputs: list[torch.Tensor], given: list[torch.Tensor]) -> None:
    """Check that what is steady in training gives there what it gives in evaluation."""
    again = module.train()(*inputs)
    for value, other in zip(given, again if isinstance(again, tuple) else (again,), strict=True):
        torch.testing.assert_close(other.detach(), value, equal_nan=True)
    module.eval()


def _check_onnx(
    module: torch.nn.Module,
    programs: tuple[Program, ...],
    inputs: Inputs,
    outputs: dict[str, torch.Tensor],
    *,
    random: bool,
) -> bool:
    """Check the model in onnxruntime, of the usual opset and of the oldest; whether the oldest is too old."""
    weights = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    newer: list[bool] = []
    for program, opset in [(program, opset) for opset in (None, OLDEST) for program in programs]:
        try:
            made = export_model(program, weights, choices=Choices(opset=opset))
        except SpecError as error:
            if opset is None or NEWER not in str(error):
                raise
            newer.append(True)
            continue
        newer.append(False)
        onnx.checker.check_model(made, full_check=True)
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        known = {given.name for given in session.get_inputs()}
        values = session.run(list(outputs), {name: array for name, array in inputs.items() if name in known})
        for (name, value), answer in zip(outputs.items(), values, strict=True):
            wanted = value.numpy()
            assert answer.shape == wanted.shape, f"{name} is {answer.shape} in onnxruntime, not {wanted.shape}"
            assert answer.dtype == wanted.dtype, f"{name} is {answer.dtype} in onnxruntime, not {wanted.dtype}"
            if not random:
                said = f"{name} of onnxruntime is not that of PyTorch"
                np.testing.assert_allclose(answer, wanted, TOLERANCE, TOLERANCE, equal_nan=True, err_msg=said)
    return any(newer)


def check_weights(program: Program, module: torch.nn.Module) -> None:
    """Check that the declared weights are those of the module, in its order."""
    declared = {entry.key: entry.weight for entry in state_dict(program)}
    actual = module.state_dict()
    assert list(declared) == list(actual), f"`weights` declares {list(declared)}, and the module has {list(actual)}"
    shapes = {key: tuple(tensor.shape) for key, tensor in actual.items()}
    stated = {key: weight.shape for key, weight in declared.items()}
    assert stated == shapes, f"`weights` declares {stated}, and the module has {shapes}"
    trained = {name: parameter.requires_grad for name, parameter in module.named_parameters()}
    said = {key: weight.trainable for key, weight in declared.items() if not weight.buffer}
    assert trained == said, f"`weights` says what is trained: {said}, and the module {trained}"


def check_start(program: Program, model: Model) -> None:
    """Check that each weight starts with the mean and the range that its initialiser says."""
    entries = list(state_dict(program))
    if not entries:
        return
    torch.manual_seed(0)
    state = model.to_torch().state_dict()
    for entry in entries:
        _check_start(entry.key, entry.weight, state)


def _check_start(key: str, weight: Weight, state: dict[str, torch.Tensor]) -> None:
    tensor, initial = state[key].double(), weight.initial
    said = f"{key} does not start as it declares: {initial.kind} {initial.numbers}"
    if initial.of is not None:
        _check_start_from_another(key, weight, state)
    elif initial.kind == "values":
        assert tensor.flatten().tolist() == list(initial.numbers), said
    elif initial.kind == "constant":
        assert torch.equal(state[key], torch.full_like(state[key], initial.numbers[0])), said
    elif initial.kind == "uniform":
        low, high = initial.numbers
        assert low - 1e-6 <= tensor.min() and tensor.max() <= high + 1e-6, said
        assert tensor.numel() < 50 or tensor.max() - tensor.min() > 0.7 * (high - low), said
    elif tensor.numel() >= 50:
        mean, std = initial.numbers
        scale = 0.88 if initial.kind == "truncated_normal" else 1.0
        assert abs(tensor.mean() - mean) < std and 0.6 < tensor.std() / (scale * std) < 1.4, said


def _check_start_from_another(key: str, weight: Weight, state: dict[str, torch.Tensor]) -> None:
    """Lengths of slices; singular vectors as far as PyTorch's iteration has come: each the image of the other."""
    initial, tensor = weight.initial, state[key]
    assert initial.of is not None
    other = state[key.removesuffix(weight.name) + initial.of.name]
    wanted: Any
    if initial.kind == "lengths":
        wanted = other.movedim(int(initial.numbers[0]), 0).flatten(1).norm(dim=1).view(weight.shape)
    elif initial.kind == "right":
        matrix = other.movedim(int(initial.numbers[0]), 0).flatten(1)
        wanted = torch.nn.functional.normalize(matrix.T @ state[key.removesuffix("_v") + "_u"], dim=0)
    else:
        matrix = other.movedim(int(initial.numbers[0]), 0).flatten(1)
        wanted = torch.nn.functional.normalize(matrix @ state[key.removesuffix("_u") + "_v"], dim=0)
        assert (tensor @ wanted) > 0.99
        return
    torch.testing.assert_close(tensor, wanted)

"""The activation memory of a summary: what PyTorch holds when all results are kept, views counted once."""

from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

import nnspec
from nnspec.layers.base import Example, Layer
from nnspec.layers.families.einsum import Einsum
from nnspec.layers.families.fitting import PadTo
from nnspec.layers.families.indexing import Take
from nnspec.summary import summarise
from tests.test_contract import CASES, identifier, make_inputs, sizes, spec

SPARING = (Einsum, PadTo, Take)  # PyTorch gives a view where some of their arguments allow it

CONVOLUTIONS = """
model Net { input image: float[N, 2, 8, 8]
  conv: Conv2d(4, 3, padding = 1) -> BatchNorm2d -> ReLU -> Dropout2d(0.1)
  pool: AvgPool2d(2)
  up = pool -> ConvTranspose2d(4, 2, stride = 2)
  both = (up, conv) -> Concat
  both -> Conv2d(4, 3, stride = 2) -> Flatten -> Dropout -> Linear(5)
}
"""

ATTENTION = """
block Attend(width, heads) { [N, T, D]
  query, key, value = _ -> Linear(3 * width) -> Split(3, dim = -1)
  query = query -> Rearrange("n t (h d) -> n h t d", h = heads)
  key = key -> Reshape([N, T, heads, width // heads]) -> Permute([0, 2, 3, 1])
  value = value -> Unflatten(-1, [heads, -1]) -> Transpose(1, 2)
  weights = softmax((query @ key) / 2, dim = -1)
  (weights @ value) -> Transpose(1, 2) -> Flatten(2) -> Linear(D)
}
model Net { input x: float[N, 6, 8]
  position: Parameter([1, 7, 8])
  start: Parameter([1, 1, 8])
  (start -> Expand([N, -1, -1]), x) -> Concat(1)
  _ + exp(position -> Transpose(1, 2) -> Transpose(1, 2))
  3 x residual { LayerNorm -> Attend(8, 2) }
  _[:, 0] -> Linear(4)
}
"""

VIEWS = """
model Net { input x: float[N, 4, 6, 10]
  same = x -> Identity -> Unsqueeze(1) -> Squeeze(1)
  rows = same -> Permute([0, 2, 3, 1])
  a = rows -> Reshape([N, 60, 4])
  b = rows -> Reshape([N, 240])
  c = x -> Transpose(2, 3) -> Flatten(2)
  d = x[:, :, 1:3] -> Flatten(2)
  e = x[:, 1:3] -> Flatten(2)
  f = x[:, :, :, ::2] -> Unflatten(2, [2, 3])
  g = x[:, 0] -> Flatten
  h = x -> Slice(3, 0, 5) -> Reshape([N, 4, 2, 3, 5])
  i = x -> Mean(dim = 1, keepdim = true) -> Expand([-1, 3, -1, -1]) -> Flatten(1, 2)
  j, k = x -> Chunk(2, dim = 1)
  l = j -> Select(2, 1) -> Reshape([N, 20])
  m = k -> Rearrange("n c (h p) w -> n (c h) p w", p = 2)
  n = k -> Rearrange("n c (h p) w -> n (c p) h w", p = 2)
  output a_ = a
  output b_ = b
  output c_ = c
  output d_ = d
  output e_ = e
  output f_ = f
  output g_ = g
  output h_ = h
  output i_ = i
  output l_ = l
  output m_ = m
  output n_ = n
}
"""


class Storages(TorchFunctionMode):
    """Keeps the results of all functions of torch that depend on the inputs."""

    def __init__(self, inputs: list[torch.Tensor]) -> None:
        super().__init__()
        self.inputs = inputs
        self.given = {tensor.untyped_storage().data_ptr() for tensor in inputs}
        self.kept: list[torch.Tensor] = []

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        result = function(*arguments, **(named or {}))
        taken = [each for each in torch.utils._pytree.tree_leaves((arguments, named)) if torch.is_tensor(each)]
        if any(self.follows(each) for each in taken):
            made = torch.utils._pytree.tree_leaves(result)
            self.kept += [each for each in made if torch.is_tensor(each)]
        return result

    def follows(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is an input or follows from one."""
        return any(tensor is each for each in (*self.inputs, *self.kept))

    @property
    def bytes(self) -> int:
        """The size of all storages besides those of the inputs."""
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in self.kept}
        return sum(size for place, size in storages.items() if place not in self.given)


@pytest.mark.parametrize("text", [CONVOLUTIONS, ATTENTION, VIEWS], ids=["convolutions", "attention", "views"])
def test_activation_memory_is_that_of_the_storages_that_pytorch_makes(text: str) -> None:
    model = nnspec.loads(text)
    (given,) = model.program.main.input_types
    inputs = [torch.rand(3, *given.shape[1:])]
    module = model.to_torch().eval()
    with torch.no_grad(), Storages(inputs) as storages:
        module(*inputs)
    assert model.summary(batch=3).activation_bytes == storages.bytes


def test_what_is_computed_from_parameters_alone_takes_no_activation_memory() -> None:
    summary = nnspec.loads("""
    block Scaled: x, by { x * by }
    model M { input x: float[N, 4]
      log: Parameter([4])
      scale = -exp(log)
      (x, scale) -> Scaled
      _ + (normal([1, 4]) -> Unsqueeze(0) -> Squeeze(0)) }
    """).summary()
    assert summary.activation_bytes == 3 * 16  # the product, the random numbers, the sum


def test_a_scan_holds_the_results_of_all_its_steps() -> None:
    summary = nnspec.loads("""
    block Step: x, total { total = tanh(x + total) ; output total = total ; output y = 2 * total }
    model M { input x: float[5, N, 4] ; (each x, carry total = zeros([N, 4])) -> s: scan Step ; output y = s.y }
    """).summary()
    assert summary.activation_bytes == 5 * 3 * 16 + 16 + 5 * 16  # of the steps, the last one's total, and all y


@pytest.mark.parametrize("layer, example", CASES, ids=identifier)
def test_the_layers_that_say_so_give_views_and_no_others(layer: type[Layer], example: Example) -> None:
    model = spec(example)
    calls = model.program.main.calls
    if not example.inputs or not isinstance(calls[0].callee, layer) or layer in SPARING:
        return
    inputs = [torch.from_numpy(array) for array in make_inputs(model.program, sizes(model.program, example)).values()]
    with torch.no_grad():
        result = model.to_torch().eval()(*inputs)
    first = next(iter(torch.utils._pytree.tree_leaves(result)))
    shared = first.untyped_storage().data_ptr() in {each.untyped_storage().data_ptr() for each in inputs}
    assert shared == (summarise(model.program).activation_bytes == 0)

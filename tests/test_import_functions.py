"""Importing from PyTorch: functions that few networks use are read as what torch defines them by, or as other layers.

An import compares its results with those of the module to 1e-9 in 64 bits, so that to import is to agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

import nnspec

ELEMENTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "acosh": lambda x, y: torch.acosh(x + 1.5),
    "addcdiv": lambda x, y: torch.addcdiv(x, x, y + 1, value=0.5),
    "asinh": lambda x, y: torch.asinh(x - 0.5),
    "atanh": lambda x, y: torch.atanh(x / 2),
    "erfc": lambda x, y: torch.erfc(x),
    "exp2": lambda x, y: torch.exp2(x),
    "fmod": lambda x, y: torch.fmod(5 * x - 2, 1.5),
    "frac": lambda x, y: torch.frac(3 * x - 1),
    "heaviside": lambda x, y: torch.heaviside(x - 0.5, y),
    "hypot": lambda x, y: torch.hypot(x, y),
    "inner": lambda x, y: torch.inner(x, y),
    "remainder": lambda x, y: torch.remainder(5 * x - 2, 1.5),
    "sinc": lambda x, y: torch.sinc(x + 0.1),
    "tanhshrink": lambda x, y: F.tanhshrink(x),
    "trunc": lambda x, y: torch.trunc(3 * x - 1),
    "xlogy": lambda x, y: torch.xlogy(x, y + 1),
    "xor": lambda x, y: ((x > 0.5) ^ (y > 0.5)).float(),
}
SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cdist": lambda x, y: torch.cdist(x, y),
    "cross": lambda x, y: torch.linalg.cross(x[:, :3], y[:, :3]),
    "diag": lambda x, y: torch.diag(x[0]),
    "diagonal": lambda x, y: torch.diagonal((x[:, None] * y[:, :, None]), dim1=-2, dim2=-1),
    "eye": lambda x, y: x @ torch.eye(4),
    "hstack": lambda x, y: torch.hstack([x, y]),
    "kron": lambda x, y: torch.kron(x[0], y[0]),
    "meshgrid": lambda x, y: torch.stack(torch.meshgrid(x[0], y[0], indexing="xy")),
    "outer": lambda x, y: torch.outer(x[0], y[1]),
    "rot90": lambda x, y: torch.rot90(x, 1, [0, 1]),
    "tensordot": lambda x, y: torch.tensordot(x, y, dims=([1], [1])),
    "trace": lambda x, y: torch.trace(x.T @ y),
    "tril_indices": lambda x, y: (x.T @ y)[torch.tril_indices(4, 4)[0], torch.tril_indices(4, 4)[1]],
    "unfold": lambda x, y: x.unfold(1, 2, 1),
    "vstack": lambda x, y: torch.vstack([x, y]),
}
REDUCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "aminmax": lambda x, y: x.aminmax(dim=1).max,
    "binary_cross_entropy": lambda x, y: F.binary_cross_entropy(x, y),
    "bucketize": lambda x, y: torch.bucketize(x, torch.tensor([0.2, 0.5, 0.7])),
    "dist": lambda x, y: torch.dist(x, y),
    "huber_loss": lambda x, y: F.huber_loss(x, y),
    "kl_div": lambda x, y: F.kl_div(x, y, reduction="batchmean"),
    "median": lambda x, y: x.median(dim=1).values,
    "mse_loss": lambda x, y: F.mse_loss(x, y),
    "pairwise_distance": lambda x, y: F.pairwise_distance(x, y),
    "smooth_l1_loss": lambda x, y: F.smooth_l1_loss(x, y),
    "std_mean": lambda x, y: torch.cat(torch.std_mean(x, dim=1)),
    "triplet": lambda x, y: F.triplet_margin_loss(x, y, x + 1),
}
WRITES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "index_add": lambda x, y: torch.zeros(5, 4).index_add(0, torch.tensor([0, 2, 2]), x),
    "mask": lambda x, y: torch.where(x > 0.5, x, y).masked_fill(y > 0.8, 0.0),
}


class Functions(nn.Module):
    def __init__(self, functions: dict[str, Callable[[Tensor, Tensor], Tensor]]) -> None:
        super().__init__()
        self.functions = functions

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {name: function(x, y) for name, function in self.functions.items()}


@pytest.mark.parametrize("functions", [ELEMENTS, SHAPES, REDUCTIONS, WRITES], ids=["element", "shape", "all", "write"])
def test_functions_are_read_by_others(functions: dict[str, Callable[[Tensor, Tensor], Tensor]]) -> None:
    inputs = {"x": torch.rand(3, 4), "y": torch.rand(3, 4)}
    model = nnspec.from_torch(Functions(functions), inputs)
    assert len(model.program.main.outputs) == len(functions) and not model.notes


def test_what_is_assigned_under_a_mask_is_chosen_by_it() -> None:
    class Clean(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y = x.clone()
            y[y > 0.5] = 0.25
            return y

    assert "Where" in nnspec.from_torch(Clean(), torch.rand(3, 4), dynamic={"x": "N 4"}).text.replace("where", "Where")


def test_a_function_without_a_counterpart_says_what_torch_makes_of_it() -> None:
    class Inverse(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.linalg.inv(x)

    with pytest.raises(
        nnspec.SpecError, match="linalg_inv: it is not in the table of operators, and torch defines it by"
    ):
        nnspec.from_torch(Inverse(), torch.rand(3, 3))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


def test_a_mask_of_padding_hides_by_the_lowest_number() -> None:
    class Padded(Encoder):
        def forward(self, x: Tensor, padding: Tensor) -> Tensor:
            made: Tensor = self.encoder(x, src_key_padding_mask=padding)
            return made

    padding = torch.tensor([[False, False, True], [False, True, True]])
    inputs = {"x": torch.rand(2, 3, 16), "padding": padding}
    assert not nnspec.from_torch(Padded(), inputs, dynamic={"x": "N T 16", "padding": "N T"}).notes


def test_a_mask_that_torch_would_look_at_is_taken_as_it_is() -> None:
    class Causal(Encoder):
        def forward(self, x: Tensor) -> Tensor:
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
            made: Tensor = self.encoder(x, mask=mask)
            return made

    model = nnspec.from_torch(Causal(), torch.rand(2, 3, 16), dynamic={"x": "N T 16"})
    assert model.text.count("triu(") == 1 and not model.notes
    assert torch.nn.modules.transformer._detect_is_causal_mask.__name__ == "_detect_is_causal_mask"


def test_the_weights_of_an_attention_are_refused_where_they_are_used() -> None:
    class Shown(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

        def forward(self, x: Tensor) -> Any:
            return self.attention(x, x, x)

    with pytest.raises(nnspec.SpecError, match="MultiheadAttention: no layer gives its weights"):
        nnspec.from_torch(Shown(), torch.rand(2, 3, 16))


def test_parameters_in_a_list_keep_their_numbers() -> None:
    class Mapping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.ParameterList([nn.Parameter(torch.randn(4, 4)) for _ in range(3)])

        def forward(self, z: Tensor) -> Tensor:
            for weight in self.weights:
                z = F.leaky_relu(F.linear(z, weight * 0.1), 0.2)
            return z

    module = Mapping()
    network = nnspec.from_torch(module, torch.rand(2, 4)).to_torch()
    assert list(network.state_dict()) == list(module.state_dict())


@pytest.mark.parametrize("normed", [False, True])
def test_a_parameter_of_two_names_that_no_layer_ties_is_refused(normed: bool) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = weight_norm(nn.Linear(4, 4)) if normed else nn.Linear(4, 4)
            self.net = nn.Sequential(self.first, nn.ReLU()) if normed else nn.Module()
            if not normed:
                self.net.scale = self.first.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x) if normed else x @ self.net.scale

    with pytest.raises(nnspec.SpecError, match=r"the parameter net\.\S+: it is first\.\S+, too"):
        nnspec.from_torch(Twice(), torch.rand(2, 4))


def test_a_kernel_that_is_computed_convolves_sequences_as_well() -> None:
    class Standardised(nn.Conv1d):
        before: tuple[int, ...] = ()

        def forward(self, x: Tensor) -> Tensor:
            weight = self.weight - self.weight.mean((1, 2), keepdim=True)
            x = F.pad(x, self.before) if self.before else x
            return F.conv1d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    for before, padding in (((), 2), ((2, 1), 0), ((), "same")):
        module = Standardised(4, 6, 3, 1 if padding == "same" else 2, padding, 2)
        module.before = before
        assert not nnspec.from_torch(module, torch.rand(2, 4, 9), dynamic={"x": "N 4 T"}).notes


def test_code_that_computes_in_half_is_compared_in_64_bits() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(5, 3).half()

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x.half()).float()

    assert not nnspec.from_torch(Half(), torch.rand(3, 5)).notes


def test_sizes_that_need_not_agree_are_told_how_to_say_that_they_do() -> None:
    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.Conv2d(3, 3, 4, 2, 1), nn.ConvTranspose2d(3, 3, 4, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([x, self.up(self.down(x))], 1)

    with pytest.raises(nnspec.SpecError, match=r"say so where it is named: N 3 2\*H 2\*W"):
        nnspec.from_torch(Joined(), torch.rand(2, 3, 8, 8), dynamic={"x": "N 3 H W"})
    nnspec.from_torch(Joined(), torch.rand(2, 3, 8, 8), dynamic={"x": "N 3 2*H 2*W"})


def test_what_is_not_compared_says_so() -> None:
    model = nnspec.from_torch(nn.Linear(4, 3), torch.rand(2, 4), compare=False)
    assert model.notes == ("it was not compared with the module that it was made from",)

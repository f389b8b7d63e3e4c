"""Operators of PyTorch with no layer of their own, imported as what they compute with: same results, same weights."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nnspec


class Turned(nn.Module):
    """Rotary positions as complex numbers, which are no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(16, 16)
        frequencies = 1.0 / (10000.0 ** (torch.arange(0, 8, 2).float() / 8))
        self.waves = torch.polar(torch.ones(12, 4), torch.outer(torch.arange(12), frequencies))

    def forward(self, x: Tensor) -> Tensor:
        q = self.q(x).view(x.shape[0], x.shape[1], 2, 8)
        pairs = torch.view_as_complex(q.float().reshape(*q.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * self.waves[None, : x.shape[1], None]).flatten(3)


class Filtered(nn.Module):
    """A picture filtered among its frequencies (Rao et al. 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.complex_weight = nn.Parameter(torch.randn(6, 4, 3, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.fft.rfft2(x, dim=(1, 2), norm="ortho")
        return torch.fft.irfft2(x * torch.view_as_complex(self.complex_weight), s=(6, 6), dim=(1, 2), norm="ortho")


class Mixed(nn.Module):
    """Words mixed by the real part of a transform (Lee-Thorp et al. 2021), of texts of any length."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fftn(x, dim=(1, 2)).real


class Correlated(nn.Module):
    """A correlation by transforms of an odd length, and there and back."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y = torch.fft.fft(x)
        return torch.fft.ifft(y.conj() * y).real, y.abs(), torch.fft.irfft(torch.fft.rfft(x), n=7)


class Standardised(nn.Conv2d):
    """A convolution whose kernel is brought to mean 0 and deviation 1 (Qiao et al. 2019)."""

    def forward(self, x: Tensor) -> Tensor:
        shaped = self.weight.reshape(1, self.out_channels, -1)
        weight = F.batch_norm(shaped, None, None, training=True, eps=1e-6).reshape_as(self.weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Masked(nn.Conv2d):
    """A convolution that sees only what is before (van den Oord et al. 2016), in groups."""

    def __init__(self) -> None:
        super().__init__(4, 6, 3, padding=1, groups=2, bias=False)
        self.register_buffer("mask", torch.ones_like(self.weight))
        self.mask[:, :, 1, 2:] = 0
        self.mask[:, :, 2] = 0

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=1, groups=2)


class Remembering(nn.Module):
    """What was before is kept, and nothing was; a parameter is changed to what it is."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        self.fc.weight.div_(1.0)
        before = torch.empty(x.shape[0], 0, 4)
        return torch.cat([before, self.fc(x)], 1).clamp(0.0, float("inf"))


class Counting(nn.Module):
    """Distances that are counted backwards."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.arange(x.shape[1], 0, -1) + torch.arange(2 * x.shape[1], -1, -2)[:-1]


CASES: list[tuple[nn.Module, tuple[int, ...], str]] = [
    (Turned(), (2, 7, 16), "N T 16"),
    (Filtered(), (2, 6, 6, 3), "N 6 6 3"),
    (Mixed(), (2, 5, 6), "N T 6"),
    (Correlated(), (2, 7), "N 7"),
    (Standardised(3, 4, 3, stride=2, padding=1), (2, 3, 7, 8), "N 3 H W"),
    (Masked(), (2, 4, 5, 5), "N 4 H W"),
    (Remembering(), (2, 3, 4), "N T 4"),
    (Counting(), (2, 5), "N T"),
]


@pytest.mark.parametrize(("module", "shape", "sizes"), CASES, ids=lambda each: type(each).__name__)
def test_what_it_computes_comes_back(module: nn.Module, shape: tuple[int, ...], sizes: str) -> None:
    name = next(iter(module.forward.__code__.co_varnames[1:]))  # type: ignore[union-attr]
    dynamic: Mapping[str, str] = {name: sizes}
    model = nnspec.from_torch(module, torch.rand(shape), dynamic=dynamic)  # results are compared in float64
    assert model.to_torch().state_dict().keys() == module.state_dict().keys()


class Complex(nn.Module):
    """A parameter of complex numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, dtype=torch.complex64))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weight).real


def test_a_complex_parameter_is_refused_with_a_way_out() -> None:
    with pytest.raises(nnspec.SpecError, match=r"weight: a tensor of complex numbers: .*torch.view_as_real"):
        nnspec.from_torch(Complex(), torch.rand(2, 8))

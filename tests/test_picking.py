"""Layers that order, pick and place elements, sum over named dimensions, and sample pictures: what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F

import nnspec
from nnspec import SpecError
from nnspec.ir.macs import macs


def module(body: str) -> torch.nn.Module:
    return nnspec.loads(f"model M {{ {body} }}").to_torch().eval()


def in_onnx(body: str, folder: Path, **inputs: torch.Tensor) -> list[torch.Tensor]:
    """What onnxruntime computes."""
    nnspec.loads(f"model M {{ {body} }}").export_onnx(folder / "m.onnx")
    session = onnxruntime.InferenceSession(folder / "m.onnx", providers=["CPUExecutionProvider"])
    return [torch.from_numpy(each) for each in session.run(None, {name: x.numpy() for name, x in inputs.items()})]


def refused(body: str) -> str:
    with pytest.raises(SpecError) as caught:
        nnspec.loads(f"model M {{ {body} }}")
    return str(caught.value)


# --- order


@pytest.mark.parametrize("descending", [False, True])
def test_equal_elements_keep_their_order_when_they_are_sorted(descending: bool, tmp_path: Path) -> None:
    body = f"input x: float[N, T]; s = sort(x, descending = {str(descending).lower()}); output v = s.values; "
    body += f"output i = s.indices; output a = argsort(x, dim = 1, descending = {str(descending).lower()})"
    x = torch.randint(0, 3, (4, 50)).float()
    values, indices = torch.sort(x, dim=-1, descending=descending, stable=True)
    for found in (module(body)(x), in_onnx(body, tmp_path, x=x)):
        assert torch.equal(found[0], values)
        assert torch.equal(found[1], indices) and torch.equal(found[2], indices)


@pytest.mark.parametrize("largest", [True, False])
def test_all_elements_are_a_top_k_and_it_gives_values_and_indices(largest: bool, tmp_path: Path) -> None:
    body = f"input x: float[T, N]; top = x -> TopK(T, dim = 0, largest = {str(largest).lower()}); "
    body += "output v = top; output i = top.indices"
    x = torch.rand(5, 3)
    for found in (module(body)(x), in_onnx(body, tmp_path, x=x)):
        for each, wanted in zip(found, x.topk(5, dim=0, largest=largest), strict=True):
            assert torch.equal(each, wanted)


def test_derivatives_reach_the_elements_that_were_taken() -> None:
    x = torch.rand(2, 6, requires_grad=True)
    module("input x: float[N, 6]; output y = topk(x, 2)")(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros(2, 6).scatter(1, x.topk(2).indices, 1.0))


def test_more_elements_than_there_are_cannot_be_taken() -> None:
    assert "takes 9 of 8 elements" in refused("input x: float[N, 8]; output y = topk(x, 9)")
    assert "takes T + 1 of T elements" in refused("input x: float[N, T]; output y = topk(x, T + 1)")


# --- indices


def test_gather_and_scatter_are_those_of_torch(tmp_path: Path) -> None:
    body = "input x: float[N, 5, 3]; input i: int[N, 2, 3]; g = gather(x, i, dim = 1); output a = g; "
    body += 'output b = scatter(x, i, g, dim = -2, reduce = "sum"); output c = scatter(x, i, g * 2, dim = 1); '
    body += 'output d = scatter(x, i, g, dim = 1, reduce = "prod"); '
    body += 'output e = scatter(x, i, g * 2, dim = 1, reduce = "amax")'
    x, i = torch.randn(2, 5, 3), torch.stack([torch.randperm(5)[:2] for _ in range(6)]).view(2, 3, 2).transpose(1, 2)
    g = x.gather(1, i)
    wanted = [g, x.scatter_add(1, i, g), x.scatter(1, i, g * 2), x.scatter_reduce(1, i, g, "prod")]
    wanted.append(x.scatter_reduce(1, i, g * 2, "amax"))
    for found in (module(body)(x, i), in_onnx(body, tmp_path, x=x, i=i)):
        for each, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(each, other)


def test_derivatives_reach_what_is_gathered_and_what_is_scattered() -> None:
    body = "input x: float[N, 4]; input i: int[N, 3]; input s: float[N, 3]; output y = scatter(x, i, s, dim = 1, "
    x, s = torch.rand(1, 4, requires_grad=True), torch.rand(1, 3, requires_grad=True)
    i = torch.tensor([[0, 2, 2]])
    module(f'{body}reduce = "sum")')(x, i, s).sum().backward()
    assert x.grad is not None and s.grad is not None
    assert x.grad.tolist() == [[1.0] * 4] and s.grad.tolist() == [[1.0] * 3]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("input i: int[N]; output y = gather(x, i, dim = 1)", "needs indices of 2 dimensions"),
        ("input i: int[M, 2]; output y = gather(x, i, dim = 1)", "dimension 0 is not known to be within"),
        (
            "input z: float[3, 4]; input i: int[9, 2]; output y = gather(z, i, dim = 1)",
            "dimension 0 is larger than that of the input",
        ),
        ("output y = gather(x, x, dim = 1)", "needs int elements"),
        ("input i: int[N, 2]; output y = gather(x, i, dim = 2)", "there is no dimension 2"),
        ("input i: int[N, 2]; output y = scatter(x, i, x, dim = 1)", "needs a source of the indices' shape"),
        ("input i: int[N, 2]; output y = scatter(x, i, i, dim = 1)", "needs float elements"),
        ('input i: int[N, 4]; output y = scatter(x, i, x, dim = 1, reduce = "mean")', '"amax" or "amin"'),
    ],
)
def test_indices_that_do_not_fit_are_refused(body: str, words: str) -> None:
    assert words in refused(f"input x: float[N, 4]; {body}")


def test_old_opsets_have_no_extremes_of_what_is_scattered(tmp_path: Path) -> None:
    model = nnspec.loads(
        'model M { input x: float[N, 4]; input i: int[N, 4]; output y = scatter(x, i, x, dim = 1, reduce = "amin") }'
    )
    with pytest.raises(SpecError, match="export with --opset 18"):
        model.export_onnx(tmp_path / "m.onnx", opset=17)


# --- einsum


@pytest.mark.parametrize(
    ("equation", "inputs", "shape", "count"),
    [
        ("bhqd,bhkd->bhqk", "float[N, 2, T, 4] float[N, 2, S, 4]", "[N, 2, T, S]", "8*N*S*T"),
        ("...ij,jk", "float[N, T, 3] float[3, 5]", "[N, T, 5]", "15*N*T"),
        ("ij,jk,kl->il", "float[2, 3] float[3, 4] float[4, 5]", "[2, 5]", "64"),
        ("bi,bj->bij", "float[N, 3] float[N, 4]", "[N, 3, 4]", "0"),
        ("ijz,jk->ik", "float[2, 3, 9] float[3, 4]", "[2, 4]", "24"),
        ("b...->...b", "float[N, T, 3]", "[T, 3, N]", "0"),
    ],
)
def test_an_equation_gives_shapes_and_products(equation: str, inputs: str, shape: str, count: str) -> None:
    types = inputs.replace("] ", "];").split(";")
    given = "; ".join(f"input {name}: {each}" for name, each in zip("abc", types, strict=False))
    text = f'model M {{ {given}; output y = einsum("{equation}", {", ".join("abc"[: len(types)])}) }}'
    program = nnspec.loads(text).program
    assert str(program.main.output_types[0]) == shape
    assert str(macs(program)[program.entry]) == count


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("ij,kj->ik", "j in 'ij,kj->ik' is 4 and 5, which differ"),
        ("ij,ik->jk", "i in 'ij,ik->jk' is N and M, which cannot be shown to agree"),
        ("ij->ij", "has 1 operand, for 2 given"),
        ("ij,kl->im", "m is in the result"),
        ("ij,kl->ii", "i stands twice in the result"),
        ("i,kl->ik", "'i' in 'i,kl->ik' has 1 letter,"),
        ("i1,kl->ik", "'1' has no meaning"),
        ("...i,k...->ik", "`...` is in an operand"),
        ("ij,jk->i->k", "has 2 arrows"),
    ],
)
def test_an_equation_that_does_not_fit_is_refused(equation: str, words: str) -> None:
    assert words in refused(f'input a: float[N, 4]; input b: float[M, 5]; output y = einsum("{equation}", a, b)')


# --- pictures


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_pictures_are_sampled_as_torch_samples_them(mode: str, padding: str, corners: bool, tmp_path: Path) -> None:
    shown = f'mode = "{mode}", padding_mode = "{padding}", align_corners = {str(corners).lower()}'
    body = f"input x: float[N, 2, H, W]; input g: float[N, h, w, 2]; output y = grid_sample(x, g, {shown})"
    torch.manual_seed(0)
    x, g = torch.randn(2, 2, 5, 7), 1.3 * torch.randn(2, 4, 3, 2)
    wanted = F.grid_sample(x, g, mode, padding, align_corners=corners)
    for found in (module(body)(x, g), in_onnx(body, tmp_path, x=x, g=g)[0]):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_spatial_transformer_learns_its_map_and_keeps_its_places_exact_in_16_bits() -> None:
    body = "input x: float[N, 1, 64, 64]; input t: float[N, 2, 3]; output y = grid_sample(x, affine_grid(t, [64, 64]))"
    x, t = torch.rand(1, 1, 64, 64), torch.eye(2, 3)[None].requires_grad_()
    module(body)(x, t).sum().backward()
    assert t.grad is not None and t.grad.abs().sum() > 0
    places = "input x: float[N, 1, 64, 64]; r = Range(64) -> (_ + 0.5) / 32 - 1; "
    places += "g = (r[none, :] + zeros([64, 1]), r[:, none] + zeros([1, 64])) -> Stack(dim = -1); "
    body = f"{places} output y = grid_sample(x, g[none] + zeros([N, 1, 1, 1]))"
    half = module(body).to(torch.bfloat16)(x.to(torch.bfloat16))
    assert half.dtype == torch.bfloat16
    np.testing.assert_array_equal(half.float().numpy(), x.to(torch.bfloat16).float().numpy())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("input g: float[N, 4, 4, 3]; output y = grid_sample(x, g)", "needs 2 coordinates"),
        ("input g: float[M, 4, 4, 2]; output y = grid_sample(x, g)", "needs a grid for each of N samples"),
        ("input t: float[N, 3, 3]; output y = affine_grid(t, [4, 4])", "needs maps"),
        ("input t: float[N, 2, 3]; output y = affine_grid(t, [4, 4, 4])", "has 3 entries"),
    ],
)
def test_grids_that_do_not_fit_are_refused(body: str, words: str) -> None:
    assert words in refused(f"input x: float[N, 1, 8, 8]; {body}")

"""Public reports about what went wrong in silence: each file of `tests/reports` shows one kind, and what nnspec does.

A file says what is expected: `refused` at the line marked `# here`, `warned` of there, so many `parameters`, the right
`value` (by the formula of its name below) in PyTorch and in ONNX, or finite numbers in `half` precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nnspec
from nnspec import SpecError
from nnspec.diagnostics import Diagnostic
from tests.fuzz.comparing import Network, ran

FOLDER = Path(__file__).parent / "reports"
CASES = sorted(FOLDER.glob("*.nn"))
Formula = Callable[[nn.Module, dict[str, Tensor]], tuple[object, ...]]
VALUES: dict[str, Formula] = {}
NAN, INF = math.nan, math.inf
INPUTS: dict[str, dict[str, Tensor]] = {
    "all_targets_are_ignored": {"scores": torch.randn(2, 5), "target": torch.zeros(2, dtype=torch.int64)},
    "average_pool_that_rounds_up": {"x": torch.arange(1.0, 17).view(1, 1, 4, 4)},
    "row_that_sees_no_key": {
        "x": torch.randn(2, 2, 3, 4),
        "seen": torch.tensor([[True, False, True], [False] * 3]).view(2, 1, 1, 3),
    },
    "padding_beside_a_causal_mask": {
        "x": torch.randn(2, 3, 6),
        "padded": torch.tensor([[False, False, True], [False, True, True]]),
    },
    "padding_index_of_an_embedding": {"tokens": torch.tensor([[5, 0, 5]])},
    "division_of_negative_numbers": {"a": torch.tensor([-7, -6, -1, 0, 5, 7])},
    "halves_are_rounded_to_even": {"x": torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5])},
    "first_of_equal_values": {"x": torch.tensor([[1.0, 3, 3, 1], [0, 0, 0, 0], [2, 1, 1, 2]])},
    "not_a_number_goes_through": {"x": torch.tensor([[[NAN, 1, -2, 3]], [[0, -INF, INF, NAN]]])},
}


def expected(path: Path) -> str:
    """What a file says of itself."""
    return next(line for line in path.read_text().splitlines() if line.startswith("# expect: "))[len("# expect: ") :]


def cases(kind: str) -> list[object]:
    """The files that expect this."""
    return [pytest.param(path, id=path.stem) for path in CASES if expected(path).split()[0] == kind]


def found_in(path: Path) -> list[Diagnostic]:
    """All mistakes and warnings of a file, of its recipe too."""
    try:
        model = nnspec.load(path)
        return [found.diagnostic for found in (*model.found, *model.check())]
    except SpecError as error:
        return error.diagnostics


def test_every_file_says_what_is_expected_of_it() -> None:
    kinds = {path.stem: expected(path).split()[0] for path in CASES}
    assert set(kinds.values()) == {"refused", "warned", "parameters", "value", "half"}
    assert {name for name, kind in kinds.items() if kind == "value"} == VALUES.keys()


@pytest.mark.parametrize("path", [*cases("refused"), *cases("warned")])
def test_it_is_told_where_it_stands(path: Path) -> None:
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if text.endswith("# here"))
    (mistake,) = found_in(path)
    assert mistake.severity == ("error" if expected(path) == "refused" else "warning")
    assert mistake.span is not None and mistake.span.source.position(mistake.span.start)[0] == line
    assert mistake.help


@pytest.mark.parametrize("path", cases("parameters"))
def test_parameters_are_counted_as_torch_has_them(path: Path) -> None:
    model = nnspec.load(path)
    number = int(expected(path).split()[1])
    assert model.summary().parameters == sum(each.numel() for each in model.to_torch().parameters()) == number


def compared(path: Path, network: Network) -> list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """The inputs, and PyTorch's outputs, which onnxruntime's equal."""
    session = network.onnx(optimise=True, checked=True)
    given = INPUTS.get(path.stem)
    if given is None:
        tried = [(inputs, found) for _, inputs, found in network.tries(2)]
    else:
        inputs = {name: tensor.numpy() for name, tensor in given.items()}
        tried = [(inputs, network.run(inputs))]
    for inputs, found in tried:
        for name, answer in ran(session, inputs).items():
            np.testing.assert_allclose(
                answer, found[name], rtol=1e-4, atol=1e-5, equal_nan=True, err_msg=f"ONNX: {name}"
            )
    return tried


@pytest.mark.parametrize("path", cases("value"))
def test_the_value_is_right_in_pytorch_and_in_onnx(path: Path) -> None:
    network = Network(nnspec.load(path), Random(0))
    for inputs, found in compared(path, network):
        with torch.no_grad():
            wanted = VALUES[path.stem](network.module, {name: torch.from_numpy(each) for name, each in inputs.items()})
        assert len(wanted) == len(found)
        for value, (name, answer) in zip(wanted, found.items(), strict=True):
            number = value if isinstance(value, Tensor) else torch.tensor(value)
            np.testing.assert_allclose(answer, number.numpy(), rtol=1e-4, atol=1e-5, equal_nan=True, err_msg=name)
            assert answer.shape == tuple(number.shape)


@pytest.mark.parametrize("path", cases("half"))
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_it_is_finite_in_half_precision(path: Path, dtype: torch.dtype) -> None:
    network = Network(nnspec.load(path), Random(0))
    for inputs, found in compared(path, network):
        inputs["seen"][..., 0] = True
        found = network.run(inputs)
        half = network.run(inputs, nnspec.load(path).to_torch().eval().to(dtype), dtype)
        for name, answer in half.items():
            np.testing.assert_allclose(answer, found[name], rtol=0.05, atol=0.05)


# --- what is right


def value(function: Formula) -> Formula:
    """Register the right value of the file of this name."""
    VALUES[function.__name__] = function
    return function


@value
def all_targets_are_ignored(module, given):
    return NAN, 0.0


@value
def reshape_is_no_permute(module, given):
    image = given["image"]
    moved = image.permute(0, 2, 3, 1)
    return image.reshape(len(image), -1, 5, 3), moved, moved


@value
def flatten_of_channels_last(module, given):
    columns = [given["image"][:, c, h, w] for h in range(3) for w in range(4) for c in range(2)]
    return (torch.stack(columns, 1) @ module.fc.weight.T + module.fc.bias,)


@value
def average_pool_that_rounds_up(module, given):
    rows = [[1.5555556, 3.3333333, 2.0], [6.3333335, 11.0, 6.0], [4.5, 7.5, 4.0]]
    return (torch.tensor(rows)[None, None],)


@value
def pool_window_in_the_padding(module, given):
    x = given["x"]
    parts = [slice(0, 2), slice(2, 6), slice(6, 9)]
    windows = [[x[:, :, a, b] for b in parts] for a in parts]
    sides = [4, 4, 4 + 1 - 1]  # each window is whole, or ends at the padding
    counted = [
        [part.sum((2, 3)) / (sides[i] * sides[j]) for j, part in enumerate(row)] for i, row in enumerate(windows)
    ]
    inside = [[part.mean((2, 3)) for part in row] for row in windows]
    largest = [[part.amax((2, 3)) for part in row] for row in windows]
    return tuple(torch.stack([torch.stack(row, -1) for row in each], -2) for each in (counted, inside, largest))


@value
def resize_keeps_corners_or_not(module, given):
    x = given["x"]
    aligned = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    larger = F.interpolate(x, size=(7, 5), mode="bilinear", align_corners=True)
    assert torch.allclose(larger[:, :, -1, -1], x[:, :, -1, -1], atol=1e-6)
    return aligned, F.interpolate(x, scale_factor=2, mode="bilinear"), larger


@value
def resize_by_a_fraction(module, given):
    x = given["x"]
    near = [[math.floor(place * 26 / size) for place in range(size)] for size in (64, 7)]
    middle = [math.floor((place + 0.5) * 26 / 64) for place in range(64)]
    return x[:, :, near[0]], x[:, :, middle], x[:, :, near[1]]


@value
def bicubic_to_one_place(module, given):
    weights = torch.tensor([-0.09375, 0.59375, 0.59375, -0.09375])
    return ((given["x"] * weights * weights[:, None]).sum((2, 3), keepdim=True),)


@value
def row_that_sees_no_key(module, given):
    x = given["x"]
    one = (x[0] @ x[0][:, [0, 2]].transpose(1, 2) / 2).softmax(-1) @ x[0][:, [0, 2]]
    return (torch.stack((one, torch.zeros_like(one))),)


@value
def padding_beside_a_causal_mask(module, given):
    x = given["x"]
    hidden = torch.ones(3, 3, dtype=torch.bool).triu(1) | given["padded"][:, None]
    return (explicit(module.attn, x, torch.zeros(hidden.shape).masked_fill(hidden, -INF)),)


@value
def mask_of_numbers_is_added(module, given):
    return (explicit(module.attn, given["x"], given["bias"].expand(len(given["x"]), -1, -1)),)


def explicit(attention, x, added):
    """Attention of two heads, written out."""
    query, key, values = (x @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, -1)
    heads = []
    for q, k, v in zip(query.chunk(2, -1), key.chunk(2, -1), values.chunk(2, -1), strict=True):
        heads.append((q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]) + added).softmax(-1) @ v)
    return torch.cat(heads, -1) @ attention.out_proj.weight.T + attention.out_proj.bias


@value
def last_state_of_both_directions(module, given):
    output, _ = module.rnn(given["x"])
    return torch.cat((output[:, -1, :4], output[:, 0, 4:]), 1), output[:, -1]


@value
def padding_index_of_an_embedding(module, given):
    fresh = nnspec.load(FOLDER / "padding_index_of_an_embedding.nn").to_torch()
    with torch.enable_grad():
        fresh(given["tokens"]).sum().backward()
    assert not fresh.words.weight[5].any() and not fresh.words.weight.grad[5].any() and fresh.words.weight.grad[0].all()
    return (module.words.weight[given["tokens"]],)


@value
def gelu_exact_and_not(module, given):
    x = given["x"]
    near = 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2))), near


@value
def same_padding_of_keras(module, given):
    padded = F.pad(given["image"], (1, 1, 0, 1))  # eight rows: one at the end; seven columns: one at each end
    return (F.conv2d(padded, module.conv.weight, module.conv.bias, 2),)


@value
def division_of_negative_numbers(module, given):
    numbers = given["a"].tolist()
    return tuple([torch.tensor([rule(n) for n in numbers]) for rule in (
        lambda n: n // 2, lambda n: n % 2, lambda n: n // -3, lambda n: n % -3
    )])  # fmt: skip


@value
def halves_are_rounded_to_even(module, given):
    return (torch.tensor([0.0, 2.0, 2.0, -0.0, -2.0]),)


@value
def first_of_equal_values(module, given):
    return torch.tensor([1, 0, 0]), torch.tensor([0, 0, 1])


@value
def not_a_number_goes_through(module, given):
    return (
        torch.tensor([[[NAN, 1, 0, 3]], [[0, 0, INF, NAN]]]),
        torch.tensor([[[NAN, 1, -1, 1]], [[0, -1, 1, NAN]]]),
        torch.tensor([[[NAN, 1, 0, 3]], [[0, 0, INF, NAN]]]),
        torch.full((2, 1, 4), NAN),
    )


@value
def large_logits(module, given):
    wide = 1000 * given["x"].double()
    target = given["x"].double().sigmoid()
    loss = wide.clamp(min=0) - wide * target + torch.log1p(torch.exp(-wide.abs()))
    greatest = wide.amax(1, keepdim=True)
    whole = (wide - greatest).exp().sum(1).log() + greatest[:, 0]
    soft = wide.clamp(min=0) + torch.log1p(torch.exp(-wide.abs()))
    return wide - whole[:, None], whole, loss, soft


@value
def adaptive_pool_of_any_size(module, given):
    x = given["x"]
    return F.adaptive_avg_pool2d(x, (3, 2)), F.adaptive_max_pool2d(x, (2, 3))


@value
def batch_is_not_baked_in(module, given):
    x = given["x"]
    return x @ module.fc.weight.T + module.fc.bias, torch.arange(x.shape[1]).expand(x.shape[:2])


@value
def smoothing_of_labels(module, given):
    target, weights = given["target"], torch.tensor([1, 2, 0.5, 4])
    return (F.cross_entropy(given["scores"], target, weights, ignore_index=3, label_smoothing=0.2),)


@value
def pixel_shuffle_order(module, given):
    x = given["x"]
    n, _, h, w = x.shape
    return x.view(n, 2, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, 2, 2 * h, 2 * w), x


@value
def group_norm_of_any_size(module, given):
    parts = given["x"].unflatten(1, (3, 2))
    mean, spread = parts.mean((2, 3, 4), keepdim=True), parts.var((2, 3, 4), keepdim=True, correction=0)
    normal = ((parts - mean) / (spread + 1e-5).sqrt()).flatten(1, 2)
    return (normal * module.norm.weight[:, None, None] + module.norm.bias[:, None, None],)


@value
def method_of_a_product(module, given):
    x = given["x"]
    return (x * x.sigmoid()).flatten(1), (x / 4).unflatten(2, (2, 2))

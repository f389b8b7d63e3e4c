"""The numbers of image networks under recipe weights: PyTorch in float64, ONNX in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from reference import later, recipe, vision
from reference.proof import EXACT, SINGLE, assert_close, assert_reproduced, filled, load, several
from reference.records import SPECS, goldens
from reference.vision import OPEN, SMALL
from safetensors.torch import save_file

import nnspec
from nnspec.dims import substitute
from nnspec.to_onnx.export import export_model

GOLDENS = vision.GOLDENS | later.GOLDENS
# Goldens of networks that take any size, and sizes that no golden has.
SIZES = {
    "espcn": [(5, 7), (16, 9), (1, 3)],
    "pix2pix_unet_small": [(64, 128), (192, 64)],
    "ddpm_tiny": [(8, 12), (6, 4)],
}
HEAVY = {"vgg13", "deeplab_v3_small", "fcn_small", "r2plus1d_10"}  # 1 GB of weights, and 200 MB
EVERY = [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in GOLDENS]


def inputs(name: str, size: tuple[int, int] | None = None) -> list[torch.Tensor]:
    """The inputs of the golden, or such images of another size."""
    made = []
    for index, spec in enumerate(goldens()[name]["inputs"]):
        shape = [*spec["shape"][:2], *size] if size and len(spec["shape"]) == 4 else spec["shape"]
        made.append(recipe.make_input(spec | {"shape": shape}, index))
    return made


@pytest.mark.parametrize("name", EVERY)
def test_pytorch_gives_the_outputs_loss_and_gradient_of_the_reference(name: str) -> None:
    assert_reproduced(filled(name, GOLDENS[name]), inputs(name), goldens()[name])


def test_the_loss_terms_of_the_sparse_autoencoder_are_those_of_the_reference() -> None:
    recon, code = filled("ae_sparse", GOLDENS["ae_sparse"])(*inputs("ae_sparse"))
    active = code.mean(0)
    terms = {
        "mse": ((recon - inputs("ae_sparse")[0]) ** 2).mean().item(),
        "l1_code_sum": code.abs().sum().item(),
        "kl_rho_0.05_sum": (0.05 * (0.05 / active).log() + 0.95 * (0.95 / (1 - active)).log()).sum().item(),
    }
    assert terms == pytest.approx(goldens()["ae_sparse"]["terms"], rel=EXACT)


def test_the_loss_terms_of_the_contractive_autoencoder_are_those_of_the_reference() -> None:
    module = filled("ae_contractive", GOLDENS["ae_contractive"])
    (image,) = inputs("ae_contractive")
    jacobian = torch.autograd.functional.jacobian(lambda given: module(given)[1].sum(0), image)  # latent, N, size
    terms = {
        "mse": ((module(image)[0] - image) ** 2).mean().item(),
        "jacobian_frobenius_squared_sum": (jacobian**2).sum().item(),
    }
    assert terms == pytest.approx(goldens()["ae_contractive"]["terms"], rel=EXACT)


@pytest.mark.parametrize("name", EVERY)
def test_onnx_gives_the_outputs_of_the_reference_and_of_pytorch_at_other_sizes(name: str, tmp_path: Path) -> None:
    module = filled(name, GOLDENS[name])
    state = {k: (v.float() if v.is_floating_point() else v).clone() for k, v in module.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    model = export_model(load(GOLDENS[name]).program, tmp_path / "weights.safetensors")
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for ours, wanted in zip(run(session, inputs(name)), goldens()[name]["outputs"].values(), strict=True):
        assert_close(ours, wanted, SINGLE)
    for size in SIZES.get(name, []):
        given = inputs(name, size)
        for ours, theirs in zip(run(session, given), several(module(*given)), strict=True):
            assert_close(ours, recipe.summary(theirs), 10 * SINGLE)


@pytest.mark.parametrize(("file", "model", "settings", "sizes"), SMALL)
def test_onnx_computes_what_pytorch_does_where_there_is_no_golden(
    file: str, model: str, settings: dict[str, Any], sizes: dict[str, int]
) -> None:
    ours = nnspec.load(SPECS / file, model, settings=settings)
    module = recipe.fill_(ours.to_torch()).eval()
    shapes = [[substitute(size, {"N": 2} | sizes) for size in type.shape] for type in ours.program.main.input_types]
    given = [recipe.real_input(shape, index).float() for index, shape in enumerate(shapes)]
    weights = {key: tensor.detach().numpy() for key, tensor in module.state_dict().items()}
    session = ort.InferenceSession(
        export_model(ours.program, weights).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for found, wanted in zip(run(session, given), several(module(*given)), strict=True):
        torch.testing.assert_close(found, wanted, rtol=10 * SINGLE, atol=SINGLE * wanted.abs().max().item())


@pytest.mark.parametrize(("file", "model"), OPEN)
def test_one_onnx_model_takes_images_of_any_size_where_the_spec_leaves_it_open(file: str, model: str) -> None:
    ours = nnspec.load(SPECS / file, model, settings={"H": None, "W": None})
    (type,) = ours.program.main.input_types
    assert [str(size) for size in type.shape] == ["N", "3", "H", "W"]
    module = recipe.fill_(ours.to_torch()).eval()
    weights = {key: tensor.detach().numpy() for key, tensor in module.state_dict().items()}
    session = ort.InferenceSession(
        export_model(ours.program, weights).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for shape in [(1, 3, 80, 99), (2, 3, 96, 75), (1, 3, 75, 128)]:
        given = [recipe.real_input(shape, 0).float()]
        with torch.no_grad():
            wanted = module(*given)
        torch.testing.assert_close(
            run(session, given)[0], wanted, rtol=10 * SINGLE, atol=SINGLE * wanted.abs().max().item()
        )


def run(session: ort.InferenceSession, given: list[torch.Tensor]) -> list[torch.Tensor]:
    """The results of an ONNX model, which takes floats of single precision."""
    ports = [port.name for port in session.get_inputs()]
    arrays = [tensor.numpy() for tensor in given]
    arrays = [array.astype(np.float32) if array.dtype == np.float64 else array for array in arrays]
    return [torch.from_numpy(result) for result in session.run(None, dict(zip(ports, arrays, strict=True)))]

"""ONNX in fewer bits, for other targets, as functions: what the files hold, what they compute, what is refused."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, numpy_helper
from safetensors.numpy import save_file

import nnspec
from nnspec import SpecError
from nnspec.ir.state import state_dict
from nnspec.to_onnx.choices import PRECISIONS
from nnspec.weights.load import initial_weights

IMAGES = """
model Net {
  input image: float[N, 3, H, W]
  Conv2d(16, 3, padding = 1) -> BatchNorm2d -> ReLU
  Conv2d(32, 3, stride = 2) -> GroupNorm(4) -> GELU
  GlobalAvgPool2d -> Flatten
  output logits = head: Linear(10)
}
"""
SMALL_GPT = {"layers": 2, "width": 64, "heads": 4, "vocab": 101, "context": 32}
SIXTEEN = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def gpt(**settings: Any) -> nnspec.Model:
    return nnspec.load("zoo/gpt2.nn", settings=SMALL_GPT | settings)


def weights_of(model: nnspec.Model, path: Path, **changed: np.ndarray) -> Path:
    arrays = initial_weights(model.program).arrays
    keys = [entry.key for entry in state_dict(model.program) if entry.tied_to is None]
    save_file({key: changed.get(key.replace(".", "_"), arrays(key)) for key in keys}, path)
    return path


def test_float16_is_float16_inside_and_float32_outside(tmp_path: Path) -> None:
    model = nnspec.loads(IMAGES)
    made = model.export_onnx(tmp_path / "net.onnx", precision="float16")
    assert made.difference is not None and 1e-5 < made.difference < 1e-2
    content = onnx.load(tmp_path / "net.onnx")
    assert {port.type.tensor_type.elem_type for port in (*content.graph.input, *content.graph.output)} == {1}
    weights = {t.name: t.data_type for t in content.graph.initializer if t.name.startswith(("0.", "3.", "head."))}
    assert len(weights) == 6 and set(weights.values()) == {TensorProto.FLOAT16}
    inferred = onnx.shape_inference.infer_shapes(content, strict_mode=True).graph.value_info
    kinds = {value.name: value.type.tensor_type.elem_type for value in inferred}
    computed = {node.op_type: kinds[node.output[0]] for node in content.graph.node if node.output[0] in kinds}
    assert computed["Conv"] == computed["Relu"] == TensorProto.FLOAT16
    assert computed["InstanceNormalization"] == TensorProto.FLOAT, "sums over many places keep 32 bits"


def test_bfloat16_is_stored_for_the_processor_and_computed_in_elsewhere(tmp_path: Path) -> None:
    stored, computed = (gpt().to_onnx(precision="bfloat16", target=target) for target in ("cpu", "cuda"))
    for made in (stored, computed):
        assert {t.data_type for t in made.graph.initializer if t.name.endswith("c_fc.weight")} == {TensorProto.BFLOAT16}
    assert gpt().export_onnx(tmp_path / "cpu.onnx", precision="bfloat16").difference == pytest.approx(0, abs=0.02)
    made = gpt().export_onnx(tmp_path / "gpu.onnx", precision="bfloat16", target="cuda")
    assert made.difference is None and "onnxruntime computes in bfloat16 on GPUs only" in made.notes[-1]
    onnx.checker.check_model(computed, full_check=True)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "int8"])
def test_a_file_in_fewer_bits_is_smaller(precision: Any, tmp_path: Path) -> None:
    sizes = {
        each: gpt(vocab=7).export_onnx(tmp_path / f"{each}.onnx", precision=each, verify=False).bytes
        for each in ("float32", precision)
    }
    assert sizes[precision] < (0.4 if precision == "int8" else 0.6) * sizes["float32"]


def test_masks_stay_masks_in_16_bits() -> None:
    model = nnspec.loads(
        "model Net {\n  input x: float[N, 2, T, 8]\n  input seen: bool[N, 1, T, T]\n  attention(x, x, x, seen)\n}"
    )
    made = model.to_onnx(precision="float16")
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    x, seen = np.random.default_rng(0).standard_normal((1, 2, 3, 8)).astype(np.float32), np.eye(3, dtype=np.bool_)
    seen[2] = False  # a query that sees nothing gets zeros
    (found,) = session.run(None, {"x": 10 * x, "seen": seen[None, None]})
    np.testing.assert_allclose(found, 10 * np.where(np.arange(3)[:, None] < 2, x, 0), rtol=1e-2)


def test_numbers_beyond_float16_are_told(tmp_path: Path) -> None:
    model = nnspec.loads("model Net {\n  input x: float[N, 64]\n  fc: Linear(4, bias = false)\n}")
    weights = weights_of(model, tmp_path / "w.safetensors", fc_weight=np.full((4, 64), 7e4, np.float32))
    with pytest.raises(SpecError, match="leave --precision out") as caught:
        model.export_onnx(tmp_path / "net.onnx", weights, precision="float16")
    assert caught.value.diagnostics[0].code == "E0705" and not (tmp_path / "net.onnx").exists()


def test_dynamic_int8_takes_products_and_leaves_convolutions(tmp_path: Path) -> None:
    made = nnspec.loads(IMAGES).export_onnx(tmp_path / "net.onnx", precision="int8")
    content = onnx.load(tmp_path / "net.onnx")
    assert operators(content)["MatMulInteger"] == 1 and operators(content)["Conv"] == 2
    assert made.difference is not None and made.difference < 0.05
    assert any("float32 here" in note for note in made.notes)
    scale, integers = (
        numpy_helper.to_array(next(t for t in content.graph.initializer if t.name == f"head.weight.{part}"))
        for part in ("scale", "int8")
    )
    wanted = initial_weights(nnspec.loads(IMAGES).program).arrays("head.weight")
    np.testing.assert_allclose(integers.T * scale[:, None], wanted, atol=scale.max() / 1.9)


def test_a_weight_that_is_an_embedding_too_is_quantised_for_the_product_only() -> None:
    made = gpt().to_onnx(precision="int8")
    kinds = {tensor.name: tensor.data_type for tensor in made.graph.initializer if "wte" in tensor.name}
    assert kinds["transformer.wte.weight"] == TensorProto.FLOAT
    assert kinds["transformer.wte.weight.int8"] == TensorProto.INT8
    assert operators(made)["MatMulInteger"] == 9 and operators(made)["DynamicQuantizeLinear"] == 9


def test_int8_of_a_model_without_products_says_so(tmp_path: Path) -> None:
    model = nnspec.loads("model Net {\n  input image: float[N, 3, 8, 8]\n  Conv2d(4, 3)\n}")
    made = model.export_onnx(tmp_path / "net.onnx", precision="int8")
    assert any("there is no product with weights" in note for note in made.notes)


def test_static_int8_takes_ranges_from_a_file(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).standard_normal((8, 3, 12, 12))
    np.savez(tmp_path / "samples.npz", image=samples)
    model, path = nnspec.loads(IMAGES), tmp_path / "net.onnx"
    made = model.export_onnx(path, precision="int8-static", calibrate=tmp_path / "samples.npz")
    content = onnx.load(path)
    integers = [tensor for tensor in content.graph.initializer if tensor.data_type == TensorProto.INT8]
    assert sum(len(tensor.dims) > 1 for tensor in integers) == 3
    assert made.difference is not None and made.difference < 0.1
    assert content.producer_name == "nnspec" and sorted(p.name for p in tmp_path.iterdir()) == [
        "net.onnx",
        "samples.npz",
    ]


def test_static_int8_takes_ranges_from_the_data_of_the_spec(tmp_path: Path) -> None:
    text = "model Net {\n  input image: float[N, 1, 28, 28]\n  Flatten -> output logits = Linear(10)\n}\n"
    text = text.replace("Flatten -> output logits = Linear(10)", "Flatten\n  output logits = Linear(10)")
    made = nnspec.loads(text + "train {\n  data = digits\n}\n").export_onnx(
        tmp_path / "n.onnx", precision="int8-static"
    )
    assert made.difference is not None and made.precision == "int8-static"


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"picture": np.zeros((2, 3, 8, 8))}, "it has no array image, [N, 3, H, W]"),
        ({"image": np.zeros((2, 4, 8, 8))}, "image is float64 [2, 4, 8, 8], and the model takes"),
        ({"image": np.zeros((2, 3, 8, 8), np.bool_)}, "image is bool"),
        ({"image": np.zeros((0, 3, 8, 8))}, "image is float64 [0, 3, 8, 8]"),
        ({"image": np.zeros((2, 3, 1, 1))}, "onnxruntime does not run on them"),
        ({"image": np.array([{}], dtype=object)}, "it cannot be read"),
        (None, "it cannot be read"),
    ],
)
def test_samples_that_are_not_the_model_s_are_refused(
    arrays: dict[str, np.ndarray] | None, words: str, tmp_path: Path
) -> None:
    if arrays is not None:
        np.savez(tmp_path / "samples.npz", allow_pickle=True, **arrays)
    with pytest.raises(SpecError) as caught:
        nnspec.loads(IMAGES).export_onnx(
            tmp_path / "net.onnx", precision="int8-static", calibrate=tmp_path / "samples.npz"
        )
    assert caught.value.diagnostics[0].code == "E0712" and words in str(caught.value)
    assert not (tmp_path / "net.onnx").exists()


def test_attention_is_one_operator_for_cuda_and_computes_the_same(tmp_path: Path) -> None:
    for name, model in (
        ("gpt", gpt()),
        ("vit", nnspec.load("zoo/vit.nn", settings={"size": 32, "patch": 8, "depth": 2})),
    ):
        made = model.export_onnx(tmp_path / f"{name}.onnx", target="cuda")
        content = onnx.load(tmp_path / f"{name}.onnx")
        assert operators(content)["Attention"] == 2 and "Softmax" not in operators(content) and made.opset == 23
    for target in ("cpu", "standard"):
        assert "Attention" not in operators(gpt().to_onnx(target=target))
    assert gpt().to_onnx(target="standard").graph == gpt().to_onnx(target="cpu").graph


def test_grouped_windowed_and_masked_attention_is_the_same_for_cuda(tmp_path: Path) -> None:
    settings = {"vocab": 31, "width": 32, "hidden": 48, "layers": 1, "heads": 4, "groups": 2, "window": 3}
    made = nnspec.load("zoo/llama.nn", settings=settings).export_onnx(tmp_path / "m.onnx", target="cuda")
    assert made.difference is not None and made.difference < 1e-5
    settings = {"layers": 1, "width": 32, "heads": 2, "hidden": 48, "vocab": 31, "context": 16, "masked": True}
    made = nnspec.load("zoo/bert.nn", settings=settings).export_onnx(tmp_path / "m.onnx", target="cuda")
    assert made.difference is not None and made.difference < 1e-5


@pytest.mark.parametrize("target", ["cpu", "cuda", "standard"])
def test_every_target_has_operators_of_the_standard_only(target: Any) -> None:
    for precision in PRECISIONS[:-1]:
        made = gpt().to_onnx(precision=precision, target=target)
        assert [entry.domain for entry in made.opset_import] == [""]
        assert {node.domain for node in made.graph.node} == {""}


def test_a_file_says_what_it_was_made_of(tmp_path: Path) -> None:
    (tmp_path / "net.nn").write_text(IMAGES)
    model = nnspec.load(tmp_path / "net.nn")
    weights = weights_of(model, tmp_path / "w.safetensors")
    made = model.to_onnx(weights, precision="float16")
    found = {entry.key: entry.value for entry in made.metadata_props}
    assert found == {
        "nnspec.model": "Net",
        "nnspec.version": nnspec.__version__,
        "nnspec.opset": "22",
        "nnspec.target": "cpu",
        "nnspec.precision": "float16",
        "nnspec.batch": '"N"',
        "nnspec.spec": f"net.nn sha256:{sha256(IMAGES.encode()).hexdigest()}",
        "nnspec.weights": f"w.safetensors sha256:{sha256(weights.read_bytes()).hexdigest()}",
    }

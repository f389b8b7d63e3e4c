"""Numbers stand wherever a tensor operand may, with torch's element types, in PyTorch and in ONNX."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

import nnspec
from nnspec.to_onnx.export import export_model

X = torch.tensor([[-1.5, 0.0, 2.5, 4.0], [3.0, -0.5, 1.0, 2.0]])
K = torch.tensor([[3, -2, 0, 5], [1, 4, -7, 2]])

# As a spec writes it; what torch says of it.
OPERANDS = {
    "Range(T) + 2": torch.arange(4) + 2,
    "Range(T) + 2.5": torch.arange(4) + 2.5,
    "2.5 - Range(T)": 2.5 - torch.arange(4),
    "Range(T) / 2": torch.arange(4) / 2,
    "-Range(T)": -torch.arange(4),
    "Range(T) * x": torch.arange(4) * X,
    "Range(6)[1:-1] * 2": torch.arange(6)[1:-1] * 2,
    "Range(T) > 1": torch.arange(4) > 1,
    "not (Range(T) > 1)": ~(torch.arange(4) > 1),
    "sin(Range(T))": torch.sin(torch.arange(4)),
    "2 ** x": 2**X,
    "2.5 ** k": 2.5**K,
    "(-2) ** abs(k)": (-2) ** K.abs(),
    "k ** 2": K**2,
    "k + 2": K + 2,
    "k + 0.5": K + 0.5,
    "1 / k ** 2": 1 / K**2,
    "7 // (k * 0 + 2)": 7 // (K * 0 + 2),
    "-7 // (k * 0 + 2)": -7 // (K * 0 + 2),
    "k % 3": K % 3,
    "7 % (k * 0 - 3)": 7 % (K * 0 - 3),
    "0 < x": X > 0,
    "k > 0.5": K > 0.5,
    "1.5 >= k": K <= 1.5,
    "k == 3": K == 3,
    "k != 2.5": K != 2.5,
    "3 == k": K == 3,
    "T > k": K < 4,
    "maximum(0, x)": X.clamp(min=0),
    "maximum(x, 0)": X.clamp(min=0),
    "minimum(1.5, k)": torch.minimum(torch.tensor(1.5), K),
    "maximum(0, k)": K.clamp(min=0),
    "maximum(T, k)": K.clamp(min=4),
    "maximum(x, 0, k)": torch.maximum(X.clamp(min=0), K),
    "maximum(0.5, k, x)": torch.maximum(torch.tensor(0.5), torch.maximum(K, X)),
    "where(x > 0, -1.0, x)": torch.where(X > 0, -1.0, X),
    "where(x > 0, x, -1)": torch.where(X > 0, X, -1),
    "where(x > 0, -1, k)": torch.where(X > 0, -1, K),
    "where(x > 0, 0.5, k)": torch.where(X > 0, 0.5, K),
    "where(x > 0, 1.0, 0.0)": torch.where(X > 0, 1.0, 0.0),
    "where(x > 0, 1, 0)": torch.where(X > 0, 1, 0),
    "where(x > 0, 1, 0.5)": torch.where(X > 0, 1, 0.5),
    "where(x > 0, T, k)": torch.where(X > 0, 4, K),
    "where(x > 0, Range(T), 0)": torch.where(X > 0, torch.arange(4), 0),
    "where(x > 0, true, k > 0)": torch.where(X > 0, torch.tensor(True), K > 0),
    "where(x > 0, k > 0, false)": (X > 0) & (K > 0),
    "x > 0 and true": X > 0,
    "k > 1 or false": K > 1,
    "(x > 0) == true": X > 0,
    "x * (1 + Parameter([1], init = 0.5))": X * 1.5,
}


@pytest.mark.parametrize(("text", "expected"), OPERANDS.items(), ids=OPERANDS)
def test_numbers_are_operands(text: str, expected: Tensor) -> None:
    model = nnspec.loads(f"""model A {{
      input x: float[N, T] ; input k: int[N, T]
      output kept = x
      output also = k
      output y = {text}
    }}""")
    module = model.to_torch().eval()
    with torch.no_grad():
        *_, found = module(X, K)
    assert {torch.float32: "float", torch.int64: "int", torch.bool: "bool"}[found.dtype] == (
        model.program.main.output_types[-1].dtype
    )
    torch.testing.assert_close(found, expected, equal_nan=True)
    assert nnspec.from_json(model.to_json()).program == model.program
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    session = onnxruntime.InferenceSession(export_model(model.program, weights).SerializeToString())
    *_, answer = session.run(None, {"x": X.numpy(), "k": K.numpy()})
    assert answer.dtype == found.numpy().dtype
    np.testing.assert_allclose(answer, expected.numpy(), atol=1e-6)


WRONG = {
    "a number alone before the tensor": ("softmax(1, x)", "E0212.*tensors first"),
    "a layer that waits": ("ReLU + 1", "E0211|E0212"),
    "text": ('maximum("a", x)', "E02"),
    "none": ("maximum(none, x)", "E02"),
    "a number among trees": ("x @ 2", "MatMul|`@`"),
    "truth and number": ("where(x > 0, true, x)", "bool and float"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_operand_is_refused(text: str, message: str) -> None:
    with pytest.raises(nnspec.SpecError, match=f"(?s){message}"):
        nnspec.loads(f"model A {{ input x: float[N, T]; output y = {text} }}")

"""Names that Python, PyTorch or ONNX use for something else: any that `check` accepts works, and keys stay the labels."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.to_onnx.export import export_model

OF_MODULES = (
    "_apply",
    "__conv",
    "forward",
    "T_destination",
    "parameters",
    "state_dict",
    "append",
    "class",
    "lambda",
    "None",
)


@pytest.mark.parametrize("label", OF_MODULES)
def test_a_label_is_the_key_whatever_it_means_to_others(label: str) -> None:
    text = f"model M {{ input x: float[N, 4]; {label}: Linear(4) -> g: {{ {label}: Linear(4) -> Tanh }} }}"
    model = nnspec.loads(text)
    module = model.to_torch()
    assert [key for key in module.state_dict() if key.endswith("weight")] == [f"{label}.weight", f"g.{label}.weight"]
    given = torch.randn(3, 4)
    module.load_state_dict({key: value + 1 for key, value in module.state_dict().items()})
    arrays = {key: value.numpy() for key, value in module.state_dict().items()}
    exported = export_model(model.program, arrays)
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": given.numpy()})
    np.testing.assert_allclose(found, module.eval()(given).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert module.train().training and not module.eval().training


@pytest.mark.parametrize(
    "label",
    ["block1-0", "a b", 'it"s', "it's", "{module}", "%s {0}", "ü", "a/b:c", "*", "#", "x[0].y-z.0", "back\\slash", "🙂",
     "0-1", "3x3.0", " ", "a@2"],
)  # fmt: skip
def test_a_quoted_label_is_any_key_that_a_state_dict_may_hold(tmp_path: Path, label: str) -> None:
    written = label.replace("\\", "\\\\").replace('"', '\\"').replace("{", "\\{").replace("}", "\\}")
    text = f"""
    block Inner {{ "{written}": Linear(4) -> Tanh }}
    model M {{
      input x: float[N, 4]
      "{written}": Linear(4) -> g: {{ "{written}": Linear(4) -> Tanh }} -> "n {written}": 2 x Inner
    }}
    """
    model = nnspec.loads(text)
    module = model.to_torch()
    keys = [key for key in module.state_dict() if key.endswith("weight")]
    assert keys == [f"{path}{label}.weight" for path in ("", "g.", f"n {label}.0.", f"n {label}.1.")]
    given = torch.randn(3, 4)
    arrays = {key: value.numpy() for key, value in module.state_dict().items()}
    exported = nnspec.to_onnx.export.export_model(model.program, arrays)
    assert {each.name for each in exported.graph.initializer} >= arrays.keys()
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": given.numpy()})
    np.testing.assert_allclose(found, module.eval()(given).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert str(model.summary()).count("Linear") >= 3


def test_parameters_may_have_any_name_that_a_value_may_have() -> None:
    text = """
    model M {
      input self: float[N, 4]
      class = Parameter([4], init = 2.0)
      _buffers = Parameter([4], init = 1.0)
      getattr = self * class
      super = getattr + _buffers
      output range = super -> print: 3 x Linear(4)
    }
    """
    module = nnspec.loads(text).to_torch()
    assert list(module.state_dict())[:2] == ["class", "_buffers"]
    assert module(torch.zeros(2, 4)).shape == (2, 4)


def test_variables_of_loops_hide_no_value() -> None:
    text = """
    model M {
      input index: float[N, 4]
      layer = index -> a: Linear(4)
      h = layer -> b: 2 x Linear(4)
      output y = h + index + layer
    }
    """
    model = nnspec.loads(text)
    module, given = model.to_torch(), torch.randn(2, 4)
    state = module.state_dict()
    step = torch.nn.functional.linear
    layer = step(given, state["a.weight"], state["a.bias"])
    h = step(step(layer, state["b.0.weight"], state["b.0.bias"]), state["b.1.weight"], state["b.1.bias"])
    torch.testing.assert_close(module(given), h + given + layer)


def test_networks_of_a_recipe_share_weights_under_any_label(tmp_path: Path) -> None:
    text = """
    model Inner { input features: float[N, 2]; output y = forward: Linear(2) }
    train Net {
      data = spirals
      epochs = 1
      loss = cross_entropy(features -> parameters: Inner, label)
      metrics = [accuracy(features -> parameters, label)]
    }
    """
    model = nnspec.loads(text)
    runs = [model.train(runs=tmp_path, quiet=True, device="cpu", epochs=epochs) for epochs in (1, 2)]
    one, two = (load_file(run.last_weights)["parameters.forward.weight"] for run in runs)
    assert not torch.equal(one, two)  # the loss trains the very weights that are stored


def test_a_module_with_such_names_is_pickled() -> None:
    module = nnspec.loads("model M { input x: float[N, 4]; _modules: Linear(4) -> class: Linear(2) }").to_torch()
    again = pickle.loads(pickle.dumps(module))
    assert again(torch.zeros(1, 4)).shape == (1, 2)


def test_values_have_the_names_that_a_person_binds_them_to() -> None:
    text = """
    model M {
      input x: float[N, 5, 8]
      query = _ -> q_proj: Linear(8)
      first, second = x -> Split(2, dim = 1, sizes = [2, 3])
      gate = sigmoid(query)
      again = gate
      mixed = query * gate
      for i in 1..2 { mixed = mixed + query }
      (mixed, x) -> c1: Concat(1)
      skip = c1
      output y = _ -> Linear(3)
    }
    """.replace("Split(2, dim = 1, sizes = [2, 3])", "Split([2, 3], dim = 1)")
    main = nnspec.loads(text).program.main
    assert list(main.values) == [
        "x", "query", "first", "second", "gate", "mixed", "mixed_1", "mixed_2", "c1", "y",
    ]  # fmt: skip
    assert [call.inputs for call in main.calls][-1] == ("c1",)


def test_a_group_has_the_names_of_the_values_around_it() -> None:
    text = "model M { input x: float[N, 8]\n hidden = _ -> Linear(4)\n x -> { Linear(4) -> _ + hidden } }"
    group = next(module for module in nnspec.loads(text).program.modules.values() if module.kind == "group")
    assert [port.name for port in group.inputs] == ["x", "hidden"]

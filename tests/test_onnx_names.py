"""Names in ONNX files: nodes by module and operator, values by the layer that gives them, weights by their key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import onnx
import onnxruntime
import pytest
from reference.proof import load
from reference.sequences import GOLDENS as SEQUENCES
from reference.vision import GOLDENS as VISION

import nnspec
from nnspec.to_onnx.choices import Precision

BLOCKS = """
block Unit(n) {
  conv1: Conv2d(n, 3, padding = 1, bias = false) -> bn1: BatchNorm2d -> ReLU
  h = _
  attn: Conv2d(n, 1)
  _ + h
}
model Net {
  input x: float[N, 3, H, W]
  c1: Conv2d(4, 3)
  encoder: { 2 x Unit(4) }
  output y = GlobalAvgPool2d -> Flatten -> head: Linear(2)
}
"""


def walked(nodes: list[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            yield from walked(list(attribute.g.node))


def check_unique(model: onnx.ModelProto) -> None:
    """No node, and no value, has the name of another one."""
    nodes = list(walked(list(model.graph.node)))
    names = Counter(node.name for node in nodes)
    values = Counter(name for node in nodes for name in node.output)
    values.update(value.name for value in [*model.graph.input, *model.graph.initializer])
    assert {name for name, count in (names | values).items() if count > 1} == set()
    assert "" not in names and "" not in values
    for function in model.functions:
        assert max(Counter(node.name for node in function.node).values()) == 1


def test_nodes_values_and_weights_say_where_they_come_from() -> None:
    graph = nnspec.loads(BLOCKS).to_onnx().graph
    nodes = {node.name: node for node in graph.node}
    assert list(nodes) == [
        "c1.Conv", "encoder.0.conv1.Conv", "encoder.0.2.Relu", "encoder.0.attn.Conv", "encoder.0.Add",
        "encoder.1.conv1.Conv", "encoder.1.2.Relu", "encoder.1.attn.Conv", "encoder.1.Add", "2.GlobalAveragePool", "3.Reshape", "head.Gemm",
    ]  # fmt: skip
    first = nodes["encoder.0.conv1.Conv"]
    assert list(first.input) == ["c1", "encoder.0.conv1.weight", "encoder.0.conv1.bias"]
    assert list(first.output) == ["encoder.0.bn1"], "what is folded into it gives the value"
    assert list(nodes["encoder.0.Add"].output) == ["encoder.0.add"]
    assert list(nodes["head.Gemm"].output) == ["y"]


BOUND = """
block Attention(heads) {
  [N, T, D]
  query = _ -> q: Linear(D)
  first, second, value = query -> Linear(3 * D) -> Split(3, dim = 2)
  scores = einsum("ntd,nsd->nts", first, second) / sqrt(D)
  h = einsum("nts,nsd->ntd", scores -> softmax(dim = -1), value)
  h = h + query
  h -> out: Linear(D)
}
block Repeated { [N, T, D] -> 2 x Linear(D) }
model Net {
  input x: float[N, 5, 16]
  attended = x -> attn: Attention(2)
  stem = attended -> norm: LayerNorm -> GELU
  turned = stem -> Repeated
  sizes = turned
  pooled = mean(sizes, dim = 1)
  output logits = pooled -> head: Linear(4)
}
"""


def test_values_have_the_names_that_the_spec_binds_them_to() -> None:
    graph = nnspec.loads(BOUND).to_onnx().graph
    given = {node.name: list(node.output) for node in graph.node}
    values = {name for names in given.values() for name in names}
    bound = {"attn.query", "attn.first", "attn.second", "attn.value", "attn.scores", "attn.h", "attn.h_1"}
    assert bound | {"attended", "stem", "turned", "pooled", "logits"} <= values
    assert given["norm.LayerNormalization"] == ["norm"], "what has no name is called as its layer"
    assert "sizes" not in values, "a second name for a value"
    assert {name.rpartition(".")[0] for name in given} >= {"attn.q", "attn.out", "norm", "head"}, "nodes by layer"
    check_unique(nnspec.loads(BOUND).to_onnx())
    check_unique(nnspec.loads(BOUND).to_onnx(functions=True))


def test_a_bound_name_gives_way_to_inputs_outputs_and_weights() -> None:
    text = """model Net {
      input x: float[N, 4]
      head = x -> Linear(4)
      weight = head -> head: Linear(4)
      y = weight -> ReLU
      output x_1 = y -> Linear(4) ; output y = _ -> ReLU
    }"""
    made = nnspec.loads(text).to_onnx()
    check_unique(made)
    assert [each.name for each in made.graph.output] == ["x_1", "y"]
    onnx.checker.check_model(made, full_check=True)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("name", ["gpt2_tiny", "lstm_lm_tiny", "seq2seq_attention_tiny", "t5_tiny"])
def test_no_name_is_used_twice_in_networks_of_sequences(name: str, precision: Precision) -> None:
    for functions in (False, True):
        check_unique(load(SEQUENCES[name]).to_onnx(precision=precision, functions=functions))


@pytest.mark.parametrize("name", ["swin_tiny_config", "mobilenet_v3_small"])
def test_no_name_is_used_twice_in_networks_of_images(name: str) -> None:
    for opset in (17, 22):
        check_unique(load(VISION[name]).to_onnx(opset=opset))


HOSTILE = [
    "input Add: float[N, T, 4]\ninput constant: float[N, T, 4]\noutput add = Add + constant + 1",
    "input value: float[N, T, 4]\nc: Linear(4) -> Conv: Linear(4)\noutput c_1 = _\noutput Conv_1 = _ + value",
    "input T: float[N, S, 4]\nx = T -> mask: Linear(4)\nx -> MultiheadAttention(2, causal = true)\noutput hidden = _",
    "input x: float[N, 4]\nw = Parameter([4])\noutput weight = w * x\noutput bias = x -> Linear(4) -> Shape: Linear(4)",
    "input Gemm: float[N, 4]\noutput MatMul = Gemm -> Relu: Linear(4) -> ReLU -> ReLU: Linear(4) -> ReLU",
]


@pytest.mark.parametrize("lines", HOSTILE)
def test_names_of_a_spec_never_meet_those_that_are_made(lines: str) -> None:
    model = nnspec.loads(f"model Net {{\n{lines}\n}}")
    for precision in ("float32", "float16", "int8"):
        made = model.to_onnx(precision=precision)
        check_unique(made)
        onnx.checker.check_model(made, full_check=True)
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        main = model.program.main
        assert [port.name for port in session.get_inputs()] == [port.name for port in main.inputs]
        assert [port.name for port in session.get_outputs()] == [port.name for port in main.outputs]


@pytest.mark.parametrize(("layer", "keys"), [
    ("c: Conv2d(4, 3, bias = false) -> BatchNorm2d", {"c.weight", "c.bias"}),
    ('c: Conv2d(4, 3, norm = "weight")', {"c.weight", "c.bias"}),
    ('c: Conv2d(4, 3, norm = "spectral") -> BatchNorm2d', {"c.weight", "c.bias"}),
    ("c: PReLU(3)", {"c.weight"}),
])  # fmt: skip
def test_a_weight_that_something_was_folded_into_keeps_its_key(layer: str, keys: set[str]) -> None:
    model = nnspec.loads(f"model Net {{ input x: float[N, 3, H, W]; {layer} }}")
    for precision in ("float32", "float16"):
        assert {tensor.name for tensor in model.to_onnx(precision=precision).graph.initializer} == keys

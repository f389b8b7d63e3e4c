"""The generated PyTorch source: it reads as a person's would, stands alone, and behaves in training and evaluation."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import nnspec
from nnspec.dims import substitute
from nnspec.ir.state import state_dict

SPECS = Path(__file__).parent.parent / "specs"
GOLDEN = Path(__file__).parent / "torch_source"

# Shapes of the language that a lowering could get wrong, each a whole model.
MODELS = {
    "ties across blocks": """
block Head(table) { project: Linear(8, bias = false, weight = table) }
model A {
  input x: float[N, 5]
  first: Linear(8, bias = false) -> second: Linear(8, bias = false)
  third: Linear(8, bias = false, weight = second.weight)
  head: Head(second.weight)
}""",
    "repeats beside other steps": """
block Mix(width) { [N, D]; residual { Linear(width) -> GELU -> Linear(D) } }
model A {
  input x: float[N, 5]
  c: Linear(6)
  3 x Mix(7)
  z = _ + 1
  2 x Linear(6)
  output y = _ + z
}""",
    "repeats with a second input, and lists in lists": """
block Decoder(width): x, memory, mask? {
  a: Linear(width) -> ReLU
  mixed = _ + memory
  if mask != none { mixed = mixed * mask }
  mixed -> b: Linear(width)
}
model A {
  input x: float[N, 8]
  input memory: float[N, 8]
  input mask: float[N, 1]
  (x, memory) -> layers: 4 x Decoder(8)
  normal = _ -> norm: LayerNorm
  (normal, memory, mask) -> decoder: Decoder(8)
  (_, memory) -> others: 3 x { Decoder(8) }
  output y = _
  output third = layers.2
}""",
    "parameters with numbers, alone, among modules and among buffers": """
model A {
  input x: float[N, 4]
  alone.0: Parameter([4])
  a = _
  alone.1: Parameter([4])
  b = _
  modules.0: Parameter([4])
  c = _
  x * a + b -> modules.1: Linear(4)
  y = _ + c
  buffers.0: Parameter([4])
  d = _
  buffers.1: Buffer([1.0, 2.0, 3.0, 4.0])
  output z = y * d + _
}""",
    "sizes that are symbols": """
model A {
  input x: float[N, 3, 4*h, W <= 64]
  s: Conv2d(8, 3, stride = 2, padding = 1)
  [N, C, H2, W2]
  flat = _ -> Flatten(2) -> Permute([0, 2, 1]) -> mix: Linear(8) -> Permute([0, 2, 1])
  back = flat -> Reshape([N, 8, H2, W2])
  output sum = back + s
  output range = Range(h)
  output zero = zeros([N, H2])
}""",
    "names that Python and torch use": """
model A {
  input class: float[N, 8]
  input self: float[N, 8]
  type: Linear(8) -> lambda: Linear(8) -> "layers.0": Linear(8) -> "layers.1.x": Linear(8) -> forward: ReLU
  other = self -> torch: Linear(8)
  token = Parameter([8])
  output return = forward + other + token
}""",
    "outputs in training only": """
model A {
  input x: float[N, 8]
  a: Linear(8) -> ReLU
  training { output auxiliary = a -> head: { Linear(3) -> Tanh } }
  output logits = a -> c: Linear(2)
}""",
    "one module on two inputs": """
block Tower { Conv2d(4, 3, padding = 1) -> ReLU }
model A {
  input left: float[N, 3, 8, 8]
  input right: float[N, 3, H, W]
  a = left -> tower: Tower
  b = right -> tower
  c = right -> tower
  output first = a
  output second = b + c
}""",
    "groups that use what is around them": """
model A {
  input x: float[N, 8]
  m = _ -> e: Linear(8)
  g: { Linear(8) -> ReLU; _ + m -> k: Linear(8); h: { _ * m -> Linear(8) } }
  output y = g.h + g.k
  3 x { residual { Linear(4) -> Linear(8) } -> q: LayerNorm; _ + m }
  output z = _
}""",
    "initialisers": """
model A {
  input x: float[N, 8]
  f: { Linear(8, weight_init = "kaiming_normal", bias_init = 0) -> 3 x Linear(8, weight_init = ["normal", 0, 0.02]) }
  g: { Linear(8) -> bn: BatchNorm1d }
}""",
    "values inside a block": """
block Stage { conv: Linear(8) -> act: ReLU -> out: Linear(8) }
model Inner { input x: float[N, 8]; first: Stage; h: 4 x Stage; pool: Linear(3); fc: Linear(10) }
model A {
  input x: float[N, 8]
  backbone: Inner
  output a = backbone.first.act
  output b = backbone.h.1.act
  output c = backbone.pool
}""",
    "containers that are lists, dictionaries or neither": """
block Values { _ + 1 }
model A {
  input x: float[N, 8]
  "a.0": Linear(8) -> "a.1": ReLU -> "a.2": Linear(8)
  "b.0.proj": Linear(8) -> "b.2": Linear(8) -> "b.train": Linear(8) -> "b.left": Linear(8)
  "c.values": Linear(8) -> "c.2": Linear(8) -> "d.0": Linear(8) -> "d.1": Linear(8)
  "e.1": Parameter([8])
  y = _ + e.1 -> Values -> "values": Linear(8) -> Linear(8)
  y -> 2 x Linear(8)
  { "keys": Linear(8) -> 2 x Linear(8); z = _; _ + z -> Linear(8) }
  { 2 x Linear(8); z = _; _ + z -> "in": Linear(8) -> Values }
}""",
    "recursion": """
block Level(depth, width) {
  down: Conv2d(width, 3, padding = 1) -> ReLU
  if depth > 0 {
    skip = _
    MaxPool2d(2) -> inner: Level(depth - 1, 2 * width) -> up: ConvTranspose2d(width, 2, stride = 2)
    (skip, _) -> Concat -> Conv2d(width, 1)
  }
}
model A { input x: float[N, 3, 8*h, 8*w]; levels: Level(3, 4); output y = _ -> head: Conv2d(1, 1) }""",
}
SIZES = {"N": 2, "h": 2, "W": 12, "H": 6, "w": 3}


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_module_has_the_declared_state_and_shapes_in_both_modes(text: str) -> None:
    model = nnspec.loads(text, "A")
    module = model.to_torch()
    entries = list(state_dict(model.program))
    assert [(entry.key, entry.weight.shape) for entry in entries] == [
        (key, tuple(tensor.shape)) for key, tensor in module.state_dict().items()
    ]
    main = model.program.main
    inputs = [torch.randn([substitute(size, SIZES) for size in type.shape]) for type in main.input_types]
    for training in (True, False):
        found = module.train(training)(*inputs)
        shapes = [tuple(tensor.shape) for tensor in (found if isinstance(found, tuple) else (found,))]
        assert shapes == [
            tuple(substitute(size, SIZES) for size in type.shape)
            for port, type in zip(main.outputs, main.output_types, strict=True)
            if training or not port.training
        ]


def test_tied_parameters_are_one_tensor() -> None:
    module = nnspec.loads(MODELS["ties across blocks"], "A").to_torch()
    assert module.third.weight is module.second.weight is module.head.project.weight
    assert len(list(module.parameters())) == 2


def test_module_applied_twice_is_built_once() -> None:
    module = nnspec.loads(MODELS["one module on two inputs"], "A").to_torch()
    assert len(list(module.parameters())) == 2


def test_pruned_backbone_holds_only_what_is_reached() -> None:
    module = nnspec.loads(MODELS["values inside a block"], "A").to_torch()
    assert not hasattr(module.backbone, "fc")
    keys = set(module.state_dict())
    assert "backbone.h.0.out.weight" in keys
    assert not any(key.startswith(("backbone.fc", "backbone.first.out")) and "first.out" not in key for key in keys)


# Models of every kind: their files, and their names there.
READ = {
    "lenet5": ("lenet5", "LeNet5"),
    "resnet50": ("resnet", "ResNet50"),
    "gpt2": ("gpt2", "GPT2"),
    "t5": ("t5", "T5"),
    "bert": ("bert", "BERT"),
    "vae": ("vae", "VAE"),
    "rnn_lm": ("rnn_lm", "LanguageModel"),
    "seq2seq_attention": ("seq2seq_attention", "Seq2SeqAttention"),
    "ddpm": ("ddpm", "DDPM"),
    "yolov8": ("yolov8", "YOLOv8"),
    "llama": ("llama", "Llama"),
    "mixtral": ("mixtral", "Mixtral"),
}


@pytest.mark.parametrize("name", READ)
def test_generated_source_is_as_it_was_read_and_approved(name: str) -> None:
    """To approve a change: NNSPEC_REGOLD=1 pytest tests/test_torch_source.py, and read the difference."""
    file, model = READ[name]
    text = nnspec.load(SPECS / f"{file}.nn", model).torch_source()
    golden = GOLDEN / f"{name}.py.txt"
    if os.environ.get("NNSPEC_REGOLD"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_source_runs_where_nnspec_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "generated.py").write_text(nnspec.load(SPECS / "resnet.nn", "ResNet18").torch_source())
    program = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("nnspec", "lark", "pydantic"):
            raise ImportError(f"{name} is not to be imported")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import torch, generated
model = generated.ResNet18().eval()
print(tuple(model(torch.zeros(1, 3, 64, 64)).shape), sum(p.numel() for p in model.parameters()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout.split("\n")[0] == "(1, 1000) 11689512", done.stderr


def test_module_survives_copying_pickling_and_export() -> None:
    module = nnspec.load(SPECS / "lenet5.nn").to_torch().eval()
    image = torch.randn(2, 1, 32, 32)
    expected = module(image)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(other(image), expected)
    exported = torch.export.export(module, (image,)).module()
    torch.testing.assert_close(exported(image), expected)


def test_traceback_shows_the_generated_line() -> None:
    module = nnspec.load(SPECS / "lenet5.nn").to_torch()
    with pytest.raises(RuntimeError) as caught:
        module(torch.zeros(1, 3, 32, 32))
    assert "self.c1(image)" in "".join(str(entry.statement) for entry in caught.traceback)


def test_a_child_called_training_is_refused_where_it_is_written() -> None:
    for step in ("Linear(2)", "Parameter([4])", "{ Linear(2) -> ReLU }"):
        with pytest.raises(nnspec.SpecError, match=r"E0220.*the label `training`"):
            nnspec.loads(f'model A {{ input x: float[N, 4]; "training": {step} }}')


def test_documentation_cannot_break_out_of_its_docstring() -> None:
    text = '# """ + __import__("os").system("false") + """ \\N{DASH}\nmodel A { input x: float[N, 4]; Linear(2) }'
    model = nnspec.loads(text)
    module = model.to_torch()
    assert module(torch.zeros(1, 4)).shape == (1, 2)
    assert '__import__("os")' in (type(module).__doc__ or "")


def test_variable_does_not_hide_a_function_of_the_source() -> None:
    model = nnspec.loads("""
model A {
  input x: float[N, 3, 4, 4]
  input target: int[N, 4, 4]
  score = mean_iou(x, target)
  again = mean_iou(x, target)
  output sum = score + again
  output mean_iou = score
}""")
    total, score = model.to_torch()(torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 4, 4)))
    assert total == 2 * score


def test_layers_are_counted_before_they_are_built() -> None:
    model = nnspec.loads("model A { input x: float[N, 4]; 1000000 x { Linear(4) -> ReLU } }")
    assert "range(1000000)" in model.torch_source()
    with pytest.raises(nnspec.SpecError, match="E0701"):
        model.to_torch()
    with pytest.raises(nnspec.SpecError, match="E0701"):
        model.compare_weights("none.safetensors")
    small = nnspec.loads("model A { input x: float[N, 4]; 3 x { Linear(4) -> ReLU } }")
    assert len(list(small.to_torch(limits=nnspec.Limits(layers=6)).parameters())) == 6
    with pytest.raises(nnspec.SpecError, match="E0701"):
        small.to_torch(limits=nnspec.Limits(layers=5))


@pytest.mark.parametrize("step", ["Flatten(start_dim = 0)", "Unflatten(dim = 1, unflattened_size = [2, 2])"])
@pytest.mark.parametrize("expression", ["_ * sigmoid(_)", "-_ / 4", "_ + 1"])
def test_method_is_called_on_the_whole_of_what_flows_to_it(expression: str, step: str) -> None:
    text = f"model M {{\n  input x: float[3, 4]\n  before = {expression.replace('_', 'x')}\n  output after = before -> {step}\n"
    apart = nnspec.loads(text + "  output before\n}").to_torch()
    together = nnspec.loads(f"model M {{\n  input x: float[3, 4]\n  {expression} -> {step}\n}}").to_torch()
    x = torch.randn(3, 4)
    assert torch.equal(together(x), apart(x)[0])


def test_a_crop_in_a_group_takes_the_size_from_what_flows_to_it() -> None:
    text = "model M { input x: float[N, 3, H, W]; MaxPool2d(3, stride = 1); { CenterCrop([3, 1]) -> Linear(2) } }"
    assert nnspec.loads(text).to_torch()(torch.rand(2, 3, 8, 9)).shape == (2, 3, 3, 2)


def test_values_have_the_names_that_the_spec_binds_them_to() -> None:
    text = """
    model M {
      input x: float[N, 8]
      query = _ -> q_proj: Linear(8)
      gate = sigmoid(query)
      for i in 1..2 { gate = gate * query + gate }
      query * gate -> Linear(3)
    }
    """
    source = nnspec.loads(text).torch_source()
    assert [line.strip() for line in source.split("def forward")[1].splitlines()[1:]] == [
        "query = self.q_proj(x)",
        "gate = torch.sigmoid(query)",
        "gate = gate * query + gate",
        "gate = gate * query + gate",
        'return self["1"](query * gate)',
    ]


EXPRESSIONS = [
    "x * 0 + (x + 1) * 2 - (x - (x - 1))",
    "(x - 1) ** 2 / (x ** 2 + 1)",
    "(-x) ** 2 - -x",
    "(x + 1)[:, 1:] @ (x - 2)[1:, :]",
    "x / (x + 3) / 2",
    "x / ((x + 3) / 2)",
    "x - (x - (x + 1) / 2)",
    'where(x > 0, x, -x) * cast(not (x > 1), "float")',
    "exp(0.5 * x) * tanh(x + 1) + sigmoid(x) * (1 - sigmoid(x))",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_composed_expressions_compute_what_single_steps_do(text: str) -> None:
    model = nnspec.loads(f"model M {{ input x: float[3, 3]; output y = {text} }}")
    module, x = model.to_torch(), torch.randn(3, 3)
    namespace = {
        "x": x, "where": torch.where, "exp": torch.exp, "tanh": torch.tanh,
        "sigmoid": torch.sigmoid, "cast": lambda value, _: value.float(),
    }  # fmt: skip
    expected = eval(text.replace("not (", "torch.logical_not("), {**namespace, "torch": torch})
    torch.testing.assert_close(module(x), expected)


def test_steps_without_a_name_are_items_of_what_holds_them() -> None:
    text = """
    model M {
      input x: float[N, 4]
      y = x -> "model.0": Linear(4) -> "model.2": Linear(4)
      y + x -> Linear(4) -> Linear(4)
    }
    """
    module = nnspec.loads(text).to_torch().eval()
    source = nnspec.loads(text).torch_source()
    assert "getattr" not in source and "add_module" not in source
    assert [key for key in module.state_dict() if "weight" in key] == [
        "model.0.weight", "model.2.weight", "2.weight", "3.weight",
    ]  # fmt: skip
    x = torch.randn(2, 4)
    for other in (
        pickle.loads(pickle.dumps(module)),
        torch.jit.script(module),
        torch.export.export(module, (x,)).module(),
    ):
        torch.testing.assert_close(other(x), module(x))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("Reshape([N, T, 3, 4])", "x.unflatten(2, (3, 4))"),
        ("Reshape([N, T, 3, 2, 2])", "x.unflatten(2, (3, 2, 2))"),
        ("Reshape([N, T, 1, 12, 1])", "x[:, :, None, :, None]"),
        ("Reshape([1, N, T, 12])", "x[None]"),
        ("Reshape([N, 12 * T])", "x.flatten(1)"),
        ("Reshape([N, -1])", "x.flatten(1)"),
        ("Reshape([N * T, 12])", "x.flatten(0, 1)"),
        ("Reshape([N, 2, T, 6])", "x.reshape(x.shape[0], 2, x.shape[1], 6)"),
        ("Reshape([N, 2 * T, 6])", "x.reshape(x.shape[0], 2 * t, 6)"),
        ('Rearrange("n t (h d) -> n h t d", h = 3)', "x.unflatten(2, (3, 4)).permute(0, 2, 1, 3)"),
        ('Rearrange("n t d -> (n t) d")', "x.flatten(0, 1)"),
        ('Rearrange("n t d -> n (d t)")', "x.permute(0, 2, 1).flatten(1)"),
    ],
)
def test_another_shape_is_written_by_what_changes(step: str, expected: str) -> None:
    model = nnspec.loads(f"model M {{ input x: float[N, T, 12]; {step} }}")
    assert model.torch_source().splitlines()[-1].strip() == f"return {expected}"
    sizes = {"N": 3, "T": 5}
    shape = tuple(substitute(size, sizes) for size in model.program.main.output_types[0].shape)
    assert model.to_torch()(torch.randn(3, 5, 12)).shape == shape


def test_sizes_and_values_have_the_names_that_a_person_would_give_them() -> None:
    text = """
    model M {
      input x: float[N, T, 8]
      input picture: float[N, 3, 2*h, W]
      output mask = zeros([T, N])
      output image = ones([2*h, W, N])
      x -> LayerNorm: LayerNorm
      output y = _ * LayerNorm + LayerNorm
    }
    """
    lines = [line.strip() for line in nnspec.loads(text).torch_source().splitlines()]
    assert {"n, t = x.shape[:2]", "h, w = picture.shape[2:]", "layer_norm = self.LayerNorm(x)"} <= set(lines)


def test_numbers_of_forward_that_differ_are_kept_by_the_modules_of_one_class() -> None:
    text = """
    block Half(width, rate): x {
      Linear(width)
      _[:, -width // 2:] * rate + x[:, :1] -> Linear(3 * width // 2)
    }
    block Place(at) { _[:, at] }
    model M {
      input x: float[N, 8]
      first: Half(8, 0.25) -> second: Half(16, 0.5)
      output a = second -> Place(0)
      output b = second -> Place(1)
    }
    """
    source = nnspec.loads(text).torch_source()
    assert source.count("class Half") == 1 and source.count("class Place") == 1
    assert "x[:, self.at]" in source
    assert 'self["0"](x)[:, -(self.width // 2):] * self.rate' in source
    module = nnspec.loads(text).to_torch()
    state, x = module.state_dict(), torch.randn(2, 8)
    value = x
    for name, width, rate in (("first", 8, 0.25), ("second", 16, 0.5)):
        weights = [state[f"{name}.{key}"] for key in ("0.weight", "0.bias")]
        part = torch.nn.functional.linear(value, *weights)[:, -width // 2 :] * rate + value[:, :1]
        last = [key for key in state if key.startswith(f"{name}.")][2:]
        value = torch.nn.functional.linear(part, *(state[key] for key in last))
    expected = (value[:, 0], value[:, 1])
    exported = torch.export.export(module, (x,)).module()
    for other in (module, torch.jit.script(module), torch.compile(module, backend="eager", fullgraph=True), exported):
        torch.testing.assert_close(other(x), expected)


def test_what_a_comment_names_is_not_imported() -> None:
    text = "# math.sqrt, F.relu and partial(x) are not needed here.\nmodel M { input x: float[N, 4]; Linear(2) }"
    assert [line for line in nnspec.loads(text).torch_source().splitlines() if "import" in line] == [
        "from torch import nn"
    ]


def test_long_lines_are_broken_inside_brackets() -> None:
    text = """
    model M {
      input picture: float[N, 1, 8]
      input long_description: float[N, 1, 8]
      input another_description: float[N, 1, 8]
      attention(picture, long_description, another_description, dropout = 0.1, causal = true)
    }
    """
    assert nnspec.loads(text).torch_source().splitlines()[-7:] == [
        "        return F.scaled_dot_product_attention(",
        "            picture,",
        "            long_description,",
        "            another_description,",
        "            dropout_p=0.1 if self.training else 0.0,",
        "            is_causal=True,",
        "        )",
    ]


def test_elements_along_a_dimension_are_taken_in_one_line_under_the_names_of_their_use() -> None:
    text = """
    model M {
      input x: float[N, T, 12]
      parts = Rearrange("n t (k h d) -> k n h t d", k = 3, h = 2)
      attention(parts[0], parts[1], parts[2]) -> Rearrange("n h t d -> n t (h d)")
    }
    """
    source = nnspec.loads(text.replace("parts = Rearrange", "parts = _ -> Rearrange")).torch_source()
    assert "query, key, value = parts.unbind(0)" in source
    assert "parts[1]" not in source
    two = "model M { input x: float[2, 4]; (x[1], x[0]) -> Concat(dim = 0) }"
    assert "unbind" not in nnspec.loads(two).torch_source()  # they are not in order
    one = "model M { input x: float[2, 4]; first = x[0]; places = Range(4) + 1; first + places }"
    assert "x[0]" in nnspec.loads(one).torch_source()  # what stands behind has no input


def test_a_weight_that_exists_in_training_only_and_takes_part_in_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "token.nn").write_text(
        "model Token {\n  input x: float[N, 4]\n  training { mask = Parameter([1, 4]) }\n  Linear(2)\n}\n"
    )
    module = nnspec.load(tmp_path / "token.nn").to_torch()
    assert list(module.state_dict()) == ["mask", "1.weight", "1.bias"]
    assert module(torch.zeros(3, 4)).shape == (3, 2)


def test_sizes_of_two_inputs_that_are_one_for_some_callers_are_two_parameters_of_the_class() -> None:
    text = """
    block Project: hidden, skipped {
      skipped -> [_, S, _, _]
      hidden -> conv: Conv2d(S, 1)
      _ + skipped
    }
    block Plain { x = _; conv: Conv2d(4, 1); (_, x) -> project: Project }
    block Wide(channels) { x = _; conv: Conv2d(channels, 1); (_, x) -> project: Project }
    model M { input image: float[N, 4, 8, 8]; Plain -> Wide(24) -> Wide(32) }
    """
    model = nnspec.loads(text)
    shapes = {key: tuple(tensor.shape) for key, tensor in model.to_torch().state_dict().items()}
    assert shapes["1.project.conv.weight"] == (4, 24, 1, 1)
    assert model.to_torch()(torch.rand(1, 4, 8, 8)).shape == (1, 4, 8, 8)

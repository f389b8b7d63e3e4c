"""What specs mean: names, sharing, interior access, imports, settings, and what is elaborated once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nnspec
from nnspec import Limits, Model, SpecError
from nnspec.ir import state
from nnspec.ir.verify import verify


def model(body: str, shape: str = "float[N, 4]", head: str = "model M") -> str:
    """A model with this body."""
    return f"{head} {{\n  input x: {shape}\n{body}\n}}\n"


def read(text: str, **options: object) -> Model:
    """The model of a text, which must be sound and without warnings."""
    made = nnspec.loads(text, **options)  # type: ignore[arg-type]
    assert not made.found
    verify(made.program)
    return made


def keys(made: Model) -> dict[str, tuple[int, ...]]:
    """The `state_dict`: names and shapes of all weights; a tied one is named after its source."""
    return {entry.key: entry.weight.shape for entry in state.state_dict(made.program)}


def shapes(made: Model) -> dict[str, str]:
    """The outputs and their shapes."""
    main = made.program.main
    return {port.name: str(main.values[port.value]) for port in main.outputs}


def codes(text: str, **options: object) -> list[str]:
    """The codes of the mistakes of a text."""
    with pytest.raises(SpecError) as caught:
        nnspec.loads(text, **options)  # type: ignore[arg-type]
    return [each.code for each in caught.value.diagnostics]


# --- names


def test_steps_are_numbered_by_position_whether_labelled_or_not() -> None:
    made = read(model("Linear(3) -> fc: Linear(3) -> ReLU -> Linear(2)\n[N, D]\nx * 2 -> { Linear(5) -> Linear(6) }"
                      "\n_ -> Linear(1)".replace("x * 2", "_ * 2")))  # fmt: skip
    assert [key for key in keys(made) if key.endswith("weight")] == [
        "0.weight", "fc.weight", "3.weight", "4.0.weight", "4.1.weight", "5.weight",
    ]  # fmt: skip


def test_residuals_and_merges_open_no_scope_and_labelled_ones_do() -> None:
    made = read(model("residual { a: Linear(4) -> Linear(4) }\nconcat { b: Linear(4) ; _ }\n"
                      "stage: residual { c: Linear(8) }\nh: 2 x Linear(8)"))  # fmt: skip
    assert [key for key in keys(made) if key.endswith("weight")] == [
        "a.weight", "1.weight", "b.weight", "stage.c.weight", "h.0.weight", "h.1.weight",
    ]  # fmt: skip


def test_labels_are_paths_and_strings_with_expressions() -> None:
    made = read(model('attention.self.query: Linear(4)\nfor i in 1..2 { "layer{i}.{i * i}": Linear(4) }'))
    assert [key for key in keys(made) if key.endswith("weight")] == [
        "attention.self.query.weight", "layer1.1.weight", "layer2.4.weight",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    ["a: ReLU -> a: ReLU", "a: ReLU -> a.b: ReLU", "a.b: ReLU -> a: ReLU", '"1": ReLU -> ReLU',
     'for i in 1..2 { "same": ReLU }'],
)  # fmt: skip
def test_labels_do_not_clash(body: str) -> None:
    assert codes(model(body)) == ["E0202"]


def test_a_parameter_takes_the_name_that_it_is_bound_to() -> None:
    made = read(model("token = Parameter([1, 4])\nx + token -> scale: { s = Parameter([4])\n _ * s }"))
    assert keys(made) == {"token": (1, 4), "scale.s": (4,)}


# --- repeats and memory


def test_a_million_repeats_are_as_many_modules_as_ten() -> None:
    text = "model M(depth) {{\n  input x: float[N, 64]\n  h: depth x {{ Linear(64) -> ReLU }}\n}}".replace(
        "{{", "{"
    ).replace("}}", "}")
    ten, million = (read(text, settings={"depth": depth}) for depth in (10, 1_000_000))
    assert len(ten.program.modules) == len(million.program.modules)
    assert [len(m.calls) for m in ten.program.modules.values()] == [
        len(m.calls) for m in million.program.modules.values()
    ]
    assert len(keys(ten)) == 20


def test_a_block_is_elaborated_once_for_its_arguments_and_types() -> None:
    text = "block Unit(width) { Linear(width) }\n" + model("Unit(4) -> Unit(4) -> Unit(4) -> Unit(5) -> Unit(4)")
    names = [module.name for module in read(text).program.modules.values()]
    assert names.count("Unit") == 3  # (4, from 4), (5, from 4), (4, from 5)


def test_arguments_that_are_equal_in_python_are_kept_apart() -> None:
    text = "block Unit(p) { if p == true { Linear(2) } else { Linear(3) } }\n" + model(
        "a = _ -> Unit(1)\nb = _ -> Unit(true)\n(a, b) -> Concat"
    )
    made = nnspec.loads(text)
    assert shapes(made)["output"] == "[N, 5]"


def test_a_repeat_whose_type_changes_is_unrolled_until_it_stays() -> None:
    made = read(model("h: 5 x Linear(3)"))
    assert [shape for key, shape in keys(made).items() if key.endswith("weight")] == [(3, 4)] + 4 * [(3, 3)]
    inner = made.program.modules[str(made.program.main.calls[0].callee)]
    assert [call.count for call in inner.calls] == [1, 4]


def test_zero_repeats_are_nothing() -> None:
    made = read(model("h: 0 x Linear(3)\nReLU"))
    assert keys(made) == {}


# --- sharing and tying


def test_a_label_behind_an_arrow_applies_the_same_module() -> None:
    text = model("input y: float[N, 4]\na = x -> tower: { Linear(8) -> ReLU }\n", head="model M")
    text = "block Tower { Linear(8) -> ReLU }\nmodel M {\n  input x: float[N, 4]\n  input y: float[N, 4]\n"
    text += "  x -> tower: Tower\n  b = y -> tower\n  tower + b\n}"
    made = read(text)
    assert keys(made) == {"tower.0.weight": (8, 4), "tower.0.bias": (8,)}
    assert [call.shared for call in made.program.main.calls if call.label] == [False, True]


def test_a_tied_weight_is_one_tensor() -> None:
    made = read(
        model("t = x -> wte: Embedding(10, 6)\nt -> head: Linear(10, bias = false, weight = wte.weight)", "int[N, T]")
    )
    entries = {entry.key: entry.tied_to for entry in state.state_dict(made.program)}
    assert entries == {"wte.weight": None, "head.weight": "wte.weight"}
    assert state.totals(made.program)[made.program.entry].trainable == 60


def test_a_weight_is_tied_through_a_block_argument() -> None:
    text = "block Head(source) { Linear(10, bias = false, weight = source) }\n"
    made = read(text + model("t = x -> wte: Embedding(10, 6)\nt -> head: Head(wte.weight)", "int[N, T]"))
    entries = {entry.key: entry.tied_to for entry in state.state_dict(made.program)}
    assert entries == {"wte.weight": None, "head.0.weight": "wte.weight"}


def test_shared_weights_must_fit() -> None:
    assert codes(model("fc: Linear(8) -> Linear(5) -> fc")) == ["E0223"]
    assert codes(model("fc: Linear(8)\nLinear(4, weight = fc.weight)")) == ["E0222"]


# --- groups, inputs, outputs


def test_a_group_sees_the_values_around_it() -> None:
    made = read(model("a = x -> first: Linear(6)\nouter: { inner: { a * 2 -> Linear(3) } }"))
    assert keys(made)["outer.inner.0.weight"] == (3, 6)


def test_optional_inputs_are_none_when_absent() -> None:
    text = "block Add: x, y? { if y == none { x } else { x + y } }\n"
    one = read(text + model("x -> Add -> Linear(4)"))
    two = read(text + model("x -> Add(y = x) -> Linear(4)"))
    three = read(text + model("(x, x) -> Add -> Linear(4)"))
    assert len(one.program.modules) == len(two.program.modules) == len(three.program.modules) == 2
    assert codes(text + model("(x, x, x) -> Add")) == ["E0209"]


def test_several_results_are_taken_apart() -> None:
    text = "block Two { output a = _ -> Linear(3)\n output b = Linear(5) }\n"
    made = read(text + model("a, b = _ -> two: Two\n(b, a) -> Concat\ntwo.b -> Linear(1) -> [N, 1]\noutput y = _ + a"))
    assert shapes(made) == {"y": "[N, 3]"}
    assert codes(text + model("a, b, c = _ -> Two\na")) == ["E0209"]


def test_lists_hold_tensors_and_spread_into_a_layer() -> None:
    made = read(model("all = [x, x * 2, x + 1]\n(all) -> Concat"))
    assert shapes(made) == {"output": "[N, 12]"}


def test_for_goes_over_lists_and_binds_their_parts() -> None:
    made = read(model("for width, act in [[8, ReLU], [5, Tanh]] { Linear(width) -> act }"))
    assert [shape for key, shape in keys(made).items() if key.endswith("weight")] == [(8, 4), (5, 8)]
    assert codes(model("for a, b in [[1, 2, 3]] { ReLU }")) == ["E0211"]


def test_training_only_values_stay_in_training() -> None:
    made = read(model("training { output aux = x -> head: Linear(3) }\noutput y = Linear(2)"))
    ports = {port.name: port.training for port in made.program.main.outputs}
    assert ports == {"aux": True, "y": False}
    assert [call.training for call in made.program.main.calls] == [True, False]
    assert codes(model("training { aux = x -> head: Linear(3) }\naux -> ReLU")) == ["E0224"]


@pytest.mark.parametrize("body", ["training { output aux = x -> head: Linear(3) }\nLinear(2)", "B", "b: B -> [N, 2]"])
def test_the_last_value_is_the_output_beside_those_of_training(body: str) -> None:
    block = "block B { training { output aux = _ -> head: Linear(3) }\nLinear(2) }\n"
    made = read(block + model(body))
    main = made.program.main
    assert [str(main.values[port.value]) for port in main.outputs if not port.training] == ["[N, 2]"]
    assert codes(model("training { output output = x }\nLinear(2)")) == ["E0202"]


# --- reaching inside

BACKBONE = """\
block Unit(width) { Conv2d(width, 3, padding = 1) -> ReLU }
model Backbone(classes = 10) {
  input image: float[N, 3, H, W]
  stem: Unit(8)
  h: 6 x Unit(8)
  avgpool: GlobalAvgPool2d
  Flatten
  output logits = fc: Linear(classes)
}
"""


def test_what_is_not_needed_behind_an_inner_value_is_not_built() -> None:
    text = BACKBONE + model(
        "backbone: Backbone\nbackbone.avgpool -> Flatten -> head: Linear(5)", "float[N, 3, 32, 32]", "model Feature"
    )
    made = read(text, model="Feature")
    assert not any("fc" in key for key in keys(made))
    assert shapes(made) == {"output": "[N, 5]"}


def test_a_value_inside_a_repeat_is_reached_by_its_number() -> None:
    text = BACKBONE + model(
        "b: Backbone\nb.h.3 -> GlobalAvgPool2d -> Flatten -> Linear(2)", "float[N, 3, 8, 8]", "model Feature"
    )
    names = keys(read(text, model="Feature"))
    assert {key.split(".")[2] for key in names if key.startswith("b.h.")} == {"0", "1", "2", "3"}


def test_values_are_reached_through_several_modules_and_outputs_by_name() -> None:
    text = BACKBONE + model(
        "b: Backbone\nb.stem.0 -> GlobalAvgPool2d -> Flatten -> Linear(2)", "float[N, 3, 8, 8]", "model Feature"
    )
    assert set(keys(read(text, model="Feature"))) == {"b.stem.0.weight", "b.stem.0.bias", "3.weight", "3.bias"}
    both = BACKBONE + model("b: Backbone\nb.logits + 1 -> c: Linear(2)\nb.h.0 -> GlobalAvgPool2d -> Flatten"
                            "\n_ -> Linear(2) -> _ + c",
                            "float[N, 3, 8, 8]", "model Feature")  # fmt: skip
    assert {"b.fc.weight", "b.h.5.0.weight"} <= set(keys(read(both, model="Feature")))
    assert codes(BACKBONE + model("b: Backbone\nb.nothing -> ReLU", "float[N, 3, 8, 8]", "model F"), model="F") == [
        "E0226"
    ]


# --- variants, settings, sizes

FAMILY = """\
model Net(depth = 1, width = 4, act = ReLU, name = "a", bias = true) {
  input x: float[N, T <= 16, 4]
  depth x { Linear(width, bias = bias) -> act }
}
model Small = Net(2, width = 3)
model Chosen(width = 7) = Net(3, width = width)
"""


def test_a_variant_takes_what_the_model_behind_it_takes_where_a_block_calls_it_too() -> None:
    text = """
    model Base(width, classes = 10, H = 32) { input x: float[N, 3, H, H]
      Conv2d(width, 3) -> Flatten -> Linear(classes) }
    model Small(classes = 5) = Base(8, classes)
    model Tiny = Small(2)
    model Two { input x: float[N, 3, 64, 64]
      _ -> Tiny(H = 64)
      x -> Small(7, H = 64, width = 3) }
    """
    program = nnspec.loads(text, "Two").program
    assert [program.modules[call.callee].arguments for call in program.main.calls] == [
        {"width": 8, "classes": 2, "H": 64},
        {"width": 3, "classes": 7, "H": 64},
    ]
    assert [program.modules[call.callee].name for call in program.main.calls] == ["Tiny", "Small"]
    with pytest.raises(nnspec.SpecError, match="did you mean `width`"):
        nnspec.loads(text.replace("width = 3)", "wdth = 3)"), "Two")


def test_a_variant_is_the_other_model_with_arguments() -> None:
    assert keys(read(FAMILY, model="Small")) == keys(read(FAMILY, settings={"depth": 2, "width": 3}))
    assert read(FAMILY, model="Small").name == "Small"
    assert keys(read(FAMILY, model="Chosen", settings={"width": 2, "bias": False})) == keys(
        read(FAMILY, settings={"depth": 3, "width": 2, "bias": False})
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("1 + 2 * 3", 7), ("true", True), ("none", None), ("[1, [2, 3]]", (1, (2, 3))), ('"text"', "text"),
     ("bare words", "bare words"), ("-0.5", -0.5), ("zeros", "zeros")],
)  # fmt: skip
def test_settings_are_expressions_and_other_texts_are_strings(text: str, value: object) -> None:
    want = (
        {True: "true", None: "none"}.get(value, json.dumps(value))
        if not isinstance(value, tuple)
        else json.dumps(value)
    )  # type: ignore
    spec = f"model M(v = 0) {{\n  input x: float[N, 4]\n  require v == {want}\n  Linear(2)\n}}"
    read(spec, settings={"v": text})
    read(spec, settings={"v": value})


def test_unknown_settings_and_inputs_are_told() -> None:
    assert codes(FAMILY, settings={"deph": "2", "widht": "2"}) == ["E0219", "E0219"]
    assert codes(FAMILY, inputs={"y": (1, 2, 4)}) == ["E0219"]
    assert codes(FAMILY, inputs={"x": (1, 17, 4)}) == ["E0204"]
    assert codes(FAMILY, model="Nothing") == ["E0218"]


def test_input_shapes_bind_symbols() -> None:
    made = read(
        model("[N, 3, H, W]\nConv2d(8, 3) -> Flatten -> Linear(H)", "float[N, 3, 2*h, W]"), inputs={"x": (5, 3, 6, 7)}
    )
    assert shapes(made) == {"output": "[5, 6]"}
    assert codes(model("ReLU", "float[N, 3, 2*h, W]"), inputs={"x": (5, 3, 7, 7)}) == ["E0204"]


def test_skips_are_proved_equal_for_every_multiple() -> None:
    body = "c: Conv2d(4, 3, padding = 1)\nup = c -> MaxPool2d(2) -> Upsample(scale_factor = 2)\n(up, c) -> Concat"
    assert shapes(read(model(body, "float[N, 3, 2*h, 2*w]"))) == {"output": "[N, 8, 2*h, 2*w]"}
    assert codes(model(body, "float[N, 3, H, W]")) == ["E0205"]


# --- imports


def project(folder: Path, **files: str) -> Path:
    """A folder of specs; the main one is main.nn."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".nn")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "main.nn"


MAIN = model("Unit(4) -> Linear(2)")
UNIT = "block Unit(n) { Linear(n) }\n"


def test_imports_are_relative_to_the_importing_file(tmp_path: Path) -> None:
    main = project(tmp_path, main='import Outer as Unit from "parts/outer.nn"\n' + MAIN, parts__inner=UNIT,
                   parts__outer='import Unit from "inner.nn"\nblock Outer(n) { Unit(n) }\n')  # fmt: skip
    assert list(keys(nnspec.load(main))) == ["0.0.0.weight", "0.0.0.bias", "1.weight", "1.bias"]


def test_the_zoo_is_importable_from_anywhere(tmp_path: Path) -> None:
    text = 'import LeNet5 from "zoo/lenet5.nn"\n' + "model M {\n  input x: float[N, 1, 32, 32]\n  net: LeNet5\n}"
    assert any(key.startswith("net.") for key in keys(nnspec.load(project(tmp_path, main=text))))
    assert keys(nnspec.loads(text)) == keys(nnspec.load(tmp_path / "main.nn"))


def load_codes(path: Path, **options: object) -> list[str]:
    """The codes of the mistakes of a file."""
    with pytest.raises(SpecError) as caught:
        nnspec.load(path, **options)  # type: ignore[arg-type]
    return [each.code for each in caught.value.diagnostics]


def test_imports_do_not_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.nn").write_text(UNIT)
    inside = tmp_path / "inside"
    for path in ("../secret.nn", "parts/../../secret.nn", str(tmp_path / "secret.nn"), "zoo/../../secret.nn"):
        assert load_codes(project(inside, main=f'import Unit from "{path}"\n' + MAIN)) == ["E0217"]
    (inside / "link.nn").symlink_to(tmp_path / "secret.nn")
    assert load_codes(project(inside, main='import Unit from "link.nn"\n' + MAIN)) == ["E0217"]
    (inside / "circle.nn").symlink_to(inside / "circle.nn")
    assert load_codes(project(inside, main='import Unit from "circle.nn"\n' + MAIN)) in (["E0217"], ["E0105"])


def test_imports_in_a_circle_and_too_deep_are_told(tmp_path: Path) -> None:
    circle = project(
        tmp_path / "a", main='import A from "a.nn"\n' + model("A"), a='import B from "main.nn"\nblock A { ReLU }'
    )
    assert load_codes(circle) == ["E0217"]
    chain = {f"f{i}": f'import Unit from "f{i + 1}.nn"\n' for i in range(20)}
    deep = project(tmp_path / "b", main='import Unit from "f0.nn"\n' + MAIN, **chain)
    assert load_codes(deep) == ["E0106"]


def test_a_text_without_a_file_imports_from_the_zoo_only() -> None:
    assert codes('import Unit from "unit.nn"\n' + MAIN) == ["E0105"]
    assert codes('import Unit from "../pyproject.nn"\n' + MAIN) == ["E0217"]


# --- JSON


def test_a_program_survives_json_and_fits_its_schema() -> None:
    made = read(BACKBONE)
    again = nnspec.from_json(made.to_json())
    assert again.program == made.program
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(json.loads(made.to_json()), type(made.program).json_schema())


def _damaged() -> dict[str, object]:
    whole = json.loads(read(BACKBONE).to_json())

    def with_main(**changes: object) -> dict[str, object]:
        modules = whole["modules"]
        return {**whole, "modules": {**modules, whole["entry"]: {**modules[whole["entry"]], **changes}}}

    main = whole["modules"][whole["entry"]]
    first, *rest = main["calls"]
    return {
        "no modules": {**whole, "modules": {}},
        "another entry": {**whole, "entry": "Nothing"},
        "another format": {**whole, "format": 2},
        "a name that is code": with_main(name="A:\n  import os"),
        "a label that is code": with_main(calls=[{**first, "label": "a\nimport os"}, *rest]),
        "a call of nothing": with_main(calls=[{**first, "callee": "Nothing"}, *rest]),
        "a circle": with_main(calls=[{**first, "callee": whole["entry"]}, *rest]),
        "an unknown layer": with_main(calls=[{**first, "callee": {"layer": "Foo"}}, *rest]),
        "a wrong argument": with_main(calls=[{**first, "callee": {"layer": "ReLU", "arguments": {"x": 1}}}, *rest]),
        "arguments as a list": with_main(calls=[{**first, "callee": {"layer": "ReLU", "arguments": [1]}}, *rest]),
        "a value from nowhere": with_main(calls=[{**first, "inputs": ["nothing"]}, *rest]),
        "a missing call": with_main(calls=rest),
        "a doubled call": with_main(calls=[first, first, *rest]),
        "a repeat of none": with_main(calls=[{**first, "count": 0}, *rest]),
        "no types": with_main(values={}),
        "a type without a shape": with_main(values={**main["values"], "image": {"dtype": "float"}}),
        "another type": with_main(values={**main["values"], "image": {"dtype": "float", "shape": [1, 2]}}),
        "a size that is none": with_main(values={**main["values"], "image": {"dtype": "float", "shape": ["H"]}}),
        "an output from nowhere": with_main(outputs=[{"name": "y", "value": "nothing"}]),
        "a tie of nothing": with_main(ties=[{"parameter": "a.weight", "source": "b.weight"}]),
        "a list": [],
    }


@pytest.mark.parametrize(("form"), _damaged().values(), ids=_damaged())
def test_a_damaged_program_is_refused(form: object) -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.from_json(json.dumps(form))
    assert [each.code for each in caught.value.diagnostics] == ["E0504"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '{"format": 1}', b"\xff\x00"])
def test_what_is_no_program_is_refused(text: str | bytes) -> None:
    with pytest.raises(SpecError, match="not a program of nnspec"):
        nnspec.from_json(text)


def test_limits_bound_what_a_caller_wants() -> None:
    with pytest.raises(SpecError):
        nnspec.loads(model("10 x { Linear(4) } -> { ReLU }"), limits=Limits(modules=1))


VARIANTS = """
model Short = Middle
model Middle(classes = 3) = Long(classes = classes, width = 5)
model Long(classes = 10, width = 4, size = 8) {
  input x: float[N, size]
  Linear(width) -> Linear(classes)
}
"""


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [({}, 8 * 5 + 5 + 5 * 3 + 3), ({"classes": 7}, 45 + 5 * 7 + 7), ({"size": 9, "width": 6}, 9 * 6 + 6 + 6 * 3 + 3)],
)
def test_settings_reach_the_model_that_a_variant_of_a_variant_stands_for(
    settings: dict[str, int], parameters: int
) -> None:
    assert nnspec.loads(VARIANTS, "Short", settings=settings).summary().parameters == parameters


def test_a_parameter_that_is_none_leaves_a_dimension_open() -> None:
    text = "model Net(H = 8) {\n  input image: float[N, 3, H, 2*H]\n  Conv2d(4, 3)\n}"
    types = [nnspec.loads(text, settings=given).program.main.output_types[0] for given in ({}, {"H": None}, {"H": 9})]
    assert list(map(str, types)) == ["[N, 4, 6, 14]", "[N, 4, H - 2, 2*H - 2]", "[N, 4, 7, 16]"]


@pytest.mark.parametrize(
    ("step", "code"), [("int(dim = [])", "E0211"), ("int()", "E0211"), ("Linear(max(3, 4, dim = 1))", "E0212")]
)
def test_a_function_of_numbers_takes_numbers_and_nothing_by_name(step: str, code: str) -> None:
    assert codes(model(step)) == [code]

"""`nnspec export --triton`: repositories as Triton Inference Server reads them, versions, nothing half-written.

Every configuration is parsed by Triton's schema (triton_schema.py) and held against its rules (triton_rules.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import save_file
from triton_rules import broken
from triton_schema import ENUMS, MESSAGES, WHOLE, parsed

import nnspec
from nnspec.cli.main import main
from nnspec.infer.session import Session
from nnspec.to_onnx import export

NET = "model Net {\n  input x: float[N, 3]\n  output logits = fc: Linear(2)\n}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.nn").write_text(NET)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", *arguments])


def config_of(name: str) -> Any:
    assert broken(Path("served")) == []
    return parsed(Path("served", name, "config.pbtxt"))


def written(text: str) -> Any:
    model = nnspec.loads(text)
    model.export_triton("served", verify=False)
    return config_of(model.name)


def test_a_model_appears_with_its_configuration_and_runs() -> None:
    result = run("net.nn", "--triton", "served", "--max-batch", "16")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("served/Net, version 1: ONNX opset ")
    assert sorted(str(path.relative_to("served")) for path in Path("served").rglob("*") if path.is_file()) == [
        "Net/1/model.onnx", "Net/config.pbtxt"
    ]  # fmt: skip
    config = config_of("Net")
    assert (config.name, config.platform, config.max_batch_size) == ("Net", "onnxruntime_onnx", 16)
    assert [(each.name, each.data_type, list(each.dims)) for each in config.input] == [("x", 11, [3])]
    assert [(each.name, each.data_type, list(each.dims)) for each in config.output] == [("logits", 11, [2])]
    assert config.HasField("dynamic_batching") and config.dynamic_batching.max_queue_delay_microseconds == 100
    assert [(group.count, group.kind) for group in config.instance_group] == [(1, 0)]
    assert config.version_policy.latest.num_versions == 1
    assert Session("served/Net/1/model.onnx").run({"x": np.zeros((5, 3))})["logits"].shape == (5, 2)


def test_each_export_is_the_next_version_and_the_newest_configuration_holds() -> None:
    for expected in (1, 2):
        assert nnspec.load("net.nn").export_triton("served", verify=False).version == expected
    Path("served/Net/7").mkdir()
    Path("served/Net/notes").mkdir()
    Path("net.nn").write_text(NET.replace("Linear(2)", "Linear(4)"))
    assert nnspec.load("net.nn").export_triton("served", verify=False).version == 8
    assert list(config_of("Net").output[0].dims) == [4]
    assert Session("served/Net/2/model.onnx").run({"x": np.zeros((1, 3))})["logits"].shape == (1, 2)
    assert [path.name for path in Path("served").iterdir()] == ["Net"]


def test_symbols_are_free_dimensions_and_a_batch_is_left_out_only_where_all_share_it() -> None:
    images = written("model A {\n  input image: float[N, 3, 4*h, W]\n  output y = Conv2d(2, 1)\n}")
    assert images.max_batch_size == 8 and list(images.input[0].dims) == [3, -1, -1]
    assert list(images.output[0].dims) == [2, -1, -1]
    fixed = written("model B {\n  input x: float[2, T]\n  output y = x * 2\n}")
    assert fixed.max_batch_size == 0 and not fixed.HasField("dynamic_batching")
    assert list(fixed.input[0].dims) == [2, -1]
    mixed = written("model C {\n  input a: int[N, T]\n  input m: bool[T]\n  output y = where(m, a, 0)\n}")
    assert mixed.max_batch_size == 0 and [each.data_type for each in mixed.input] == [9, 1]
    assert [list(each.dims) for each in mixed.input] == [[-1, -1], [-1]]


def test_what_has_no_dimension_besides_the_batch_is_reshaped() -> None:
    config = written("model D {\n  input t: int[N]\n  input x: float[N, 2]\n  output y = x + t[:, none]\n}")
    step, other = config.input
    assert list(step.dims) == [1] and step.HasField("reshape") and list(step.reshape.shape) == []
    assert list(other.dims) == [2] and not other.HasField("reshape")
    scalar = written("model E {\n  input t: float[]\n  output y = t * 2\n}")
    assert scalar.max_batch_size == 0 and list(scalar.input[0].dims) == [1] and not scalar.output[0].HasField("reshape")


def test_names_of_classes_become_labels() -> None:
    tensors = {"fc.weight": np.ones((2, 3), np.float32), "fc.bias": np.zeros(2, np.float32)}
    save_file(tensors, "w.safetensors", {"nnspec.classes": '["cat", "large\\ndog"]'})
    assert run("net.nn", "--triton", "served", "--weights", "w.safetensors").exit_code == 0
    assert config_of("Net").output[0].label_filename == "labels.txt"
    assert Path("served/Net/labels.txt").read_text() == "cat\nlarge dog\n"


def test_a_model_of_several_files_is_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "LARGEST", 1 << 12)
    nnspec.loads("model L {\n  input x: float[N, 64]\n  output y = fc: Linear(64)\n}").export_triton("served")
    assert sorted(path.name for path in Path("served/L/1/model.onnx").iterdir()) == ["model.onnx", "model.onnx.data"]
    assert Session("served/L/1/model.onnx/model.onnx").run({"x": np.zeros((2, 64))})["y"].shape == (2, 64)


def test_an_export_that_fails_leaves_the_repository_as_it_was() -> None:
    nnspec.load("net.nn").export_triton("served", verify=False)
    before = sorted(Path("served").rglob("*"))
    result = run("net.nn", "--triton", "served", "--weights", "none.safetensors")
    assert result.exit_code == 1 and result.stderr.startswith("error[E0707]: ")
    assert sorted(Path("served").rglob("*")) == before
    Path("file").write_text("")
    result = run("net.nn", "--triton", "file/served")
    assert result.exit_code == 1 and result.stderr.startswith("error[E0502]: cannot write file/served")


@pytest.mark.skipif(WHOLE is None, reason="tritonclient is not installed")
def test_the_fields_that_are_checked_are_those_of_tritons_own_schema() -> None:
    pool = WHOLE.DESCRIPTOR.pool
    for name, fields in MESSAGES.items():
        own = pool.FindMessageTypeByName(f"inference.{name}").fields_by_name
        for label, number, kind, repeated in fields:
            named = own[label].enum_type or own[label].message_type
            assert own[label].number == number
            assert (named.full_name if named else None) == (f"inference.{kind}" if isinstance(kind, str) else None)
            assert repeated == bool(own[label].is_repeated)
    for name, values in ENUMS.items():
        known = pool.FindEnumTypeByName(f"inference.{name}").values_by_name
        assert {label: known[label].number for label in values} == values


CHANGES = {
    "dims: [ 3 ]": ("dims: [ 0 ]", "below 1"),
    "dims: [ 2 ]": ("dims: [ 4 ]", "in the file"),
    "TYPE_FP32": ("TYPE_INT64", "another type"),
    "max_batch_size: 8": ("max_batch_size: 0", "no batch"),
    "dims: [ 2 ]\n": ("dims: [ 2 ]\n  reshape { shape: [ 3 ] }\n", "another size"),
    "dims: [ 2 ]\n}": ('dims: [ 2 ]\n  label_filename: "labels.txt"\n}', "no file of labels"),
    'name: "x"': ('name: "z"', "not both inputs"),
    "version_policy { latest { num_versions: 1 } }": ("", "version policy"),
}


@pytest.mark.parametrize("text", CHANGES)
def test_the_rules_find_what_triton_refuses(text: str) -> None:
    nnspec.load("net.nn").export_triton("served", verify=False)
    file = Path("served/Net/config.pbtxt")
    changed, rule = CHANGES[text]
    assert broken(Path("served")) == []
    file.write_text(file.read_text().replace(text, changed))
    assert any(rule in each for each in broken(Path("served")))


def test_numbers_of_all_precisions_keep_to_the_rules() -> None:
    model = nnspec.loads(
        "model P {\n  input x: float[N, 3, W]\n  input m: bool[N]\n  output y = fc: Linear(2)\n  output z = m\n}".replace(
            "[N, 3, W]", "[N, W, 3]"
        )
    )
    for precision in ("float32", "float16", "int8"):
        model.export_triton("served", precision=precision, verify=False)
        assert len(config_of("P").output) == 2

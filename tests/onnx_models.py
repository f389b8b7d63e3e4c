"""Small models of ONNX in its text form, with arrays; and what they are imported as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

import nnspec


def model_of(nodes: str, inputs: str, outputs: str, opset: int = 17, **weights: np.ndarray) -> onnx.ModelProto:
    """A model in the text form of ONNX, with arrays."""
    text = f'<ir_version: 8, opset_import: ["": {opset}]> main ({inputs}) => ({outputs}) {{ {nodes} }}'
    made = onnx.parser.parse_model(text)
    made.graph.initializer.extend(numpy_helper.from_array(each, name) for name, each in weights.items())
    return made


def imported(made: onnx.ModelProto, path: Path, **options: object) -> nnspec.Model:
    onnx.save(made, path / "file.onnx")
    return nnspec.from_onnx(path / "file.onnx", **options)  # type: ignore[arg-type]


def body(model: nnspec.Model) -> str:
    """The lines of the model itself, without its inputs."""
    lines = model.text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("model"))
    return "\n".join(line for line in lines[start + 1 : -1] if not line.startswith("  input"))


def ones(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def with_random_weights(path: Path) -> onnx.ModelProto:
    """A network of onnx's wheel, whose weights are filled with one number each, with others that keep it in bounds."""
    made = onnx.load(path)
    shapes = {each.name: numpy_helper.to_array(each) for each in made.graph.initializer}
    users = {name: (node.op_type, place) for node in made.graph.node for place, name in enumerate(node.input)}
    drawn = np.random.default_rng(0)
    kept = []
    for node in made.graph.node:
        if node.op_type != "ConstantOfShape" or node.input[0] not in shapes:
            kept.append(node)
            continue
        sizes = shapes[node.input[0]].tolist()
        array = drawn.standard_normal(sizes)
        if users.get(node.output[0], ("", 0))[0] == "BatchNormalization":
            array = 0.1 * abs(array) + (users[node.output[0]][1] in (1, 4))  # its factor and its variance are about 1
        else:
            array *= np.sqrt(2 / np.prod(sizes[1:])) if len(sizes) > 1 else 0.1
        made.graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), node.output[0]))
    del made.graph.node[:]
    made.graph.node.extend(kept)
    return made

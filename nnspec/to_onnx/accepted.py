"""The opsets that the installed onnxruntime reads: found out by opening the least model there is."""

from __future__ import annotations

from onnx import helper

from nnspec.to_onnx.runtime import ERRORS, open_session
from nnspec.to_onnx.versions import OLDEST, ir_version


def newest_accepted(wanted: int) -> int:
    """The wanted opset, or the newest one before it that onnxruntime reads."""
    return next((opset for opset in range(wanted, OLDEST, -1) if _opens(opset)), OLDEST)


def _opens(opset: int) -> bool:
    ports = [helper.make_tensor_value_info(name, 1, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "least", ports[:1], ports[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version(opset))
    try:
        open_session(model.SerializeToString())
    except ERRORS:
        return False
    return True

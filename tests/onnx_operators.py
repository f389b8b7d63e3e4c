"""ONNX's own tests of its operators through import and PyTorch, and the table of operators: python -m tests.onnx_operators.

Every case of the suite that onnx brings (`onnx.backend.test`) is imported as a file would be, made a module of PyTorch,
and run. What an operator needs to know while it is read, a kernel or a shape, is given as a weight where the case has it
as an input: whole numbers first, then all inputs but the first. A case is equal, refused with a reason, or wrong; or
folded: only where nothing depends on an input is it read, and computed then.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import ModelProto, numpy_helper
from onnx.backend.test.case import node

import nnspec
from nnspec.importing.from_onnx.file import of_model
from nnspec.importing.from_onnx.floats import QUANTISED
from nnspec.importing.from_onnx.loops import LOOPS
from nnspec.importing.from_onnx.model import model_text
from nnspec.importing.from_onnx.operators import COMPUTED, REFUSED, ROWS, WRITTEN_OUT

EXCUSED = {  # cases whose results are others in PyTorch
    "test_top_k_same_values": "equal elements come in any order",
    "test_top_k_same_values_largest": "equal elements come in any order",
    "test_top_k_same_values_2d": "equal elements come in any order",
    "test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask_causal": "scores that are outputs hold infinity",
    "test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask_causal": "scores that are outputs hold infinity",
}
Outcome = tuple[str, str]  # "equal", "folded", "refused", "excused" or "wrong", and why


def outcome(case: Any) -> Outcome:
    """How a case goes."""
    inputs, outputs = case.data_sets[0]
    if not all(isinstance(each, (np.ndarray, np.generic)) for each in (*inputs, *outputs)):
        return "refused", "it takes or gives sequences, nothing, or numbers of 8 bits or fewer"
    if any(0 in np.shape(each) for each in (*inputs[:1], *outputs)):
        return "refused", "a tensor has no elements"
    inputs, outputs = [np.asarray(each) for each in inputs], [np.asarray(each) for each in outputs]
    refused = ""
    for fixed in _choices(case.model, inputs):
        try:
            found, why = _compared(case, fixed, inputs, outputs)
        except nnspec.SpecError as error:
            refused = _reason(error)
            continue
        if found == "equal" and len(fixed) == len(inputs) > 0:
            return "folded", refused  # by onnx itself, while the file is read: no layer says it
        return found, why
    return "refused", refused


def _reason(error: nnspec.SpecError) -> str:
    lines = str(error).strip().splitlines()
    notes = [line.split("note: ", 1)[1] for line in lines if "note: " in line]
    return notes[0] if notes else lines[0]


def _choices(model: ModelProto, inputs: list[Any]) -> Iterator[list[int]]:
    """The inputs, by place, that are weights: none, whole numbers, all but the first, all."""
    whole = [place for place, each in enumerate(inputs) if each.dtype.kind in "iub" and each.ndim <= 1]
    every = [place for place, each in enumerate(inputs) if each.dtype.kind in "iub"]
    seen: list[list[int]] = []
    places = list(range(len(inputs)))
    for chosen in ([], whole, every, places[1:], places):
        if chosen not in seen:
            seen.append(chosen)
            yield chosen


def _compared(case: Any, fixed: list[int], inputs: list[Any], outputs: list[Any]) -> Outcome:
    made = ModelProto()
    made.CopyFrom(case.model)
    rounded = any(each.dtype.name == "bfloat16" for each in outputs)
    ports = list(made.graph.input)
    for place in fixed:
        made.graph.initializer.append(numpy_helper.from_array(inputs[place], ports[place].name))
    if len(fixed) == len(inputs):  # a model has an input
        made.graph.input.append(onnx.helper.make_tensor_value_info("unused", onnx.TensorProto.FLOAT, [1]))
    written = model_text(of_model(made, Path("case.onnx")), {}, "Case")
    model = nnspec.loads(written.text)
    module = model.to_torch(written.arrays).eval()
    given = [torch.from_numpy(_plain(each)) for place, each in enumerate(inputs) if place not in fixed]
    given = given or [torch.zeros(1)]
    with torch.no_grad():
        found = module(*given)
    results = list(found) if isinstance(found, (tuple, list)) else [found]
    if any(layer in written.text for layer in ("normal(", "uniform(")):
        return "equal", "random: only the shape"
    for number, (have, want) in enumerate(zip(results, outputs, strict=True)):
        problem = _difference(have.detach().numpy(), _plain(want), 1e-2 if rounded else max(case.rtol, 1e-4))
        if problem and (excuse := EXCUSED.get(case.name.removesuffix("_expanded"))):
            return "excused", excuse
        if problem:
            return "wrong", f"result {number} {problem}"
    return "equal", ""


def _plain(array: Any) -> Any:
    """An array of an element type that a spec has."""
    kind = array.dtype.kind
    if kind == "b":
        return array.copy()
    if kind in "iu":
        return array.astype(np.int64)
    return np.array(array.astype(np.float32))


def _difference(have: Any, want: Any, tolerance: float) -> str:
    if have.shape != want.shape:
        return f"is {want.shape}, and {have.shape} in the spec"
    if have.dtype.kind == "f":
        if not np.allclose(have, want, rtol=tolerance, atol=tolerance / 10, equal_nan=True):
            return f"differs by {np.nanmax(np.abs(have - want)):.3g}"
    elif not (have.astype(want.dtype) == want).all():
        return "differs"
    return ""


def cases() -> dict[str, list[Any]]:
    """The cases of the suite by the operator that they are of."""
    found: dict[str, list[Any]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in node.collect_testcases(None):
            found.setdefault(operator_of(case), []).append(case)
    return found


def operator_of(case: Any) -> str:
    """The operator that a case tests: its only node, or what its name says."""
    nodes = case.model.graph.node
    domain = f"{nodes[0].domain}." if nodes[0].domain not in ("", "ai.onnx") else ""
    if len(nodes) == 1:
        return f"{domain}{nodes[0].op_type}"
    words = case.name.split("_")[1:]
    for end in range(len(words), 0, -1):
        wish = "".join(words[:end]).lower()
        match = next((name for name in KNOWN if name.lower() == wish), None)
        if match:
            return match
    return f"{domain}{nodes[-1].op_type}"


def names() -> list[str]:
    """All operators of the schemas of onnx."""
    found = {f"{each.domain}." * bool(each.domain) + each.name for each in onnx.defs.get_all_schemas()}
    return sorted(found, key=lambda name: ("." in name, name))


KNOWN = names()


def state(operator: str) -> str:
    """What the table says of an operator."""
    if operator in ROWS or operator == "Constant":
        return "imported"
    if operator == "If":
        return "imported where its condition is known, or its results are alike"
    if operator in COMPUTED:
        return "imported where its inputs are known"
    if operator in LOOPS:
        return "imported where the number of its steps is known"
    if operator in QUANTISED:
        return "imported in floats"
    return "imported as its definition" if operator in WRITTEN_OUT else f"refused: {REFUSED[operator]}"


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    asked = [each for each in sys.argv[1:] if not each.startswith("-")]
    start = time.time()
    by_operator = cases()
    totals: Counter[str] = Counter()
    for operator in asked or KNOWN:
        counts: Counter[str] = Counter()
        lines = []
        for case in by_operator.get(operator, []):
            try:
                found, why = outcome(case)
            except Exception as error:  # a fault of ours
                found, why = "wrong", f"{type(error).__name__}: {error}".splitlines()[0]
            counts[found] += 1
            if found != "equal" and (found == "wrong" or not state(operator).startswith("refused")):
                lines.append(f"    {case.name}: {found}: {why[:160]}")
        totals += counts
        shown = ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "no case"
        print(f"{operator:28} {state(operator)} ({shown})", flush=True)
        print("\n".join(lines), end="\n" if lines else "")
    count = sum(not state(operator).startswith("refused") for operator in KNOWN)
    print(f"{count} of {len(KNOWN)} operators are imported")
    print(f"{dict(totals)} in {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()

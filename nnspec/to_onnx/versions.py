"""The versions of ONNX that are written: the one place that says what onnxruntime accepts.

onnx 1.23 would write opset 28 and IR version 14 by itself; onnxruntime 1.31 reads opsets up to 26 and IR versions up
to 13, and has no kernels for the random operators as opset 22 changed them.
"""

from __future__ import annotations

from onnx import helper

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.layers.base import Layer
from nnspec.to_onnx.choices import DEFAULT_CHOICES, Choices
from nnspec.to_onnx.mistakes import BadOpset

OLDEST, NEWEST = 17, 26  # 17 brought LayerNormalization; what came later is written otherwise, see older.py
DEFAULT_OPSET = 22
ATTENTION_OPSET = 23  # brought attention as one operator
RANDOM_OPSET = 21  # the newest whose random operators run


def choose_opset(program: Program, choices: Choices = DEFAULT_CHOICES) -> int:
    """The opset to write: the wanted one, or the newest that runs everything the program needs.

    Raises:
        SpecError: the wanted one is not supported.
    """
    wanted = choices.opset
    if wanted is None:
        usual = ATTENTION_OPSET if choices.target == "cuda" else DEFAULT_OPSET
        return RANDOM_OPSET if _is_random(program) else usual
    if not OLDEST <= wanted <= NEWEST:
        raise SpecError.of(BadOpset(None, wanted, OLDEST, NEWEST, DEFAULT_OPSET))
    return wanted


def ir_version(opset: int) -> int:
    """The oldest IR version that may carry an opset."""
    version: int = helper.find_min_ir_version_for([helper.make_opsetid("", opset)])
    return version


def _is_random(program: Program) -> bool:
    calls = (call for key in program.order for call in program.modules[key].calls if not call.training)
    return any(isinstance(call.callee, Layer) and call.callee.random for call in calls)

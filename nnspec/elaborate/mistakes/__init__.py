"""The mistakes in the meaning of a spec: one class each, in a file for each subject; its docstring is its page."""

from nnspec.elaborate.mistakes.arguments import (
    InferredArgument,
    LayerArgument,
    MissingArgument,
    RepeatedArgument,
    TensorArgument,
    TooManyArguments,
    UnknownArgument,
)
from nnspec.elaborate.mistakes.files import BadImport, BadSetting, NoSuchModel
from nnspec.elaborate.mistakes.inputs import (
    BindingWithoutValue,
    FlowEnded,
    LayerInput,
    NoValue,
    TrainingOnly,
    WrongInputs,
)
from nnspec.elaborate.mistakes.limits import TooDeep, TooMuch
from nnspec.elaborate.mistakes.names import (
    AlreadyDeclared,
    HoldsLayer,
    NeverApplied,
    OutsideGroup,
    SameName,
    Shadowed,
    UnknownName,
    Unreached,
    UnusedValue,
)
from nnspec.elaborate.mistakes.shapes import MergeMismatch, ShapeMismatch
from nnspec.elaborate.mistakes.statements import LoneLabel, Misplaced, NotSupportedYet, SameTurn
from nnspec.elaborate.mistakes.steps import BadExpert, BadScan, NotCarried, ScanWithoutSteps
from nnspec.elaborate.mistakes.values import AmbiguousIndex, BadOperation, NotConstant, Required, UnknownSize, WrongKind
from nnspec.elaborate.mistakes.weights import SharedMismatch, TieMismatch

__all__ = [
    "AlreadyDeclared",
    "AmbiguousIndex",
    "BadExpert",
    "BadImport",
    "BadOperation",
    "BadScan",
    "BadSetting",
    "BindingWithoutValue",
    "FlowEnded",
    "HoldsLayer",
    "InferredArgument",
    "LayerArgument",
    "LayerInput",
    "LoneLabel",
    "MergeMismatch",
    "Misplaced",
    "MissingArgument",
    "NeverApplied",
    "NoSuchModel",
    "NoValue",
    "NotCarried",
    "NotConstant",
    "NotSupportedYet",
    "OutsideGroup",
    "RepeatedArgument",
    "Required",
    "SameName",
    "SameTurn",
    "ScanWithoutSteps",
    "Shadowed",
    "ShapeMismatch",
    "SharedMismatch",
    "TensorArgument",
    "TieMismatch",
    "TooDeep",
    "TooManyArguments",
    "TooMuch",
    "TrainingOnly",
    "UnknownArgument",
    "UnknownName",
    "UnknownSize",
    "Unreached",
    "UnusedValue",
    "WrongInputs",
    "WrongKind",
]

"""The fields of the data that a loss or a metric takes for classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnspec.diagnostics import Span
from nnspec.dims import Size
from nnspec.ir import Call
from nnspec.layers.base import Layer
from nnspec.layers.families.loss import Accuracy, CrossEntropyLoss, NLLLoss
from nnspec.recipe.objective import Objective


def class_targets(objective: Objective, sources: Mapping[str, Span]) -> Iterator[tuple[Layer, Size, str, Span | None]]:
    """The layers that compare classes with a field of the data: the number of classes, the field, the place."""
    for program in objective.programs:
        main = program.main
        inputs = {port.value for port in main.inputs}
        for call in main.calls:
            if not isinstance(call.callee, (Accuracy, CrossEntropyLoss, NLLLoss)) or call.inputs[1] not in inputs:
                continue
            scores, target = main.types(call.inputs)
            assert scores is not None and target is not None
            if target.dtype == "int":
                yield call.callee, scores.shape[1], call.inputs[1], span_of(call, sources)


def span_of(call: Call, sources: Mapping[str, Span]) -> Span | None:
    """Where the spec has a call; `sources` has some span of every text by its name."""
    known = sources.get(call.place.file) if call.place else None
    return Span(known.source, call.place.start, call.place.end) if known and call.place else None

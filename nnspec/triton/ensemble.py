"""A model with the steps before and behind it as one model for clients: an ensemble of Triton.

A client sends the bytes of pictures and reads probabilities. Source: ModelEnsembling in model_config.proto. Its rules:
each tensor is written by one step or is an input, and each is read by a step or is an output.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import onnx

from nnspec.diagnostics import SpecError
from nnspec.ir.batch import BATCH
from nnspec.triton.mistakes import NoEnsemble
from nnspec.triton.processing import picture_of, pixels_model, scores_model, scores_of

PIXELS, SCORES, ENSEMBLE = "_pixels", "_scores", "_ensemble"  # what is added to the name of the model


class Step(NamedTuple):
    """A model of an ensemble, and the tensors that its inputs and outputs are."""

    model: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


class Ensemble(NamedTuple):
    """The models besides the model itself, the steps, and what goes in and comes out, as the steps have it."""

    models: Mapping[str, onnx.ModelProto]
    steps: tuple[Step, ...]
    inputs: tuple[onnx.ValueInfoProto, ...]
    outputs: tuple[onnx.ValueInfoProto, ...]


def ensemble_of(name: str, model: onnx.ModelProto) -> Ensemble:
    """The ensemble of a model.

    Raises:
        SpecError: there is nothing to be done before or behind it.
    """
    graph, metadata = model.graph, {each.key: each.value for each in model.metadata_props}
    if BATCH not in metadata:
        raise SpecError.of(NoEnsemble(None, name, "its inputs and outputs do not all begin with samples"))
    picture, scores = picture_of(graph), scores_of(graph, metadata)
    models, steps = {}, []
    inputs = {each.name: each for each in graph.input}
    outputs = {each.name: each for each in graph.output}
    tensors = {each: each for each in inputs}
    if picture is not None:
        made = pixels_model(picture, metadata)
        models[f"{name}{PIXELS}"] = made
        tensors[picture.name] = f"{picture.name}.numbers"
        steps.append(Step(f"{name}{PIXELS}", {"pixels": picture.name}, {picture.name: tensors[picture.name]}))
        inputs[picture.name] = _renamed(made.graph.input[0], picture.name)
    steps.append(Step(name, tensors, {each: each for each in outputs}))
    if scores is not None:
        made = scores_model(scores, outputs.pop(scores.output), metadata)
        models[f"{name}{SCORES}"] = made
        results = {each.name: each for each in made.graph.output}
        steps.append(Step(f"{name}{SCORES}", {scores.output: scores.output}, {each: each for each in results}))
        outputs |= results
    if not models:
        raise SpecError.of(NoEnsemble(None, name, "it takes no picture, and no output holds scores of classes"))
    return Ensemble(models, tuple(steps), tuple(inputs.values()), tuple(outputs.values()))


def steps_text(steps: tuple[Step, ...]) -> Iterator[str]:
    """The field `ensemble_scheduling`."""
    yield "ensemble_scheduling {"
    for step in steps:
        yield "  step {"
        yield f"    model_name: {json.dumps(step.model)}"
        yield "    model_version: -1"
        for field, mapping in (("input_map", step.inputs), ("output_map", step.outputs)):
            for key, tensor in mapping.items():
                yield f"    {field} {{ key: {json.dumps(key)} value: {json.dumps(tensor)} }}"
        yield "  }"
    yield "}"


def _renamed(value: onnx.ValueInfoProto, name: str) -> onnx.ValueInfoProto:
    renamed = onnx.ValueInfoProto()
    renamed.CopyFrom(value)
    renamed.name = name
    return renamed

"""A tensor that follows from constants, as a program without inputs: what lowers programs lowers it, too."""

from __future__ import annotations

from nnspec.ir.program import Call, Module, Port, Program
from nnspec.layers.computed import Computed
from nnspec.layers.tensor_type import TensorType


def as_program(value: Computed) -> Program:
    """A program that gives the tensor, its one output."""
    types: list[TensorType] = []
    names: list[str] = []
    calls: list[Call] = []
    for number, step in enumerate(value.steps):
        results = step.layer.results(*(None if index is None else types[index] for index in step.inputs))
        inputs = tuple("" if index is None else names[index] for index in step.inputs)
        outputs = tuple(f"{number}@{index}" for index in range(len(results)))  # no name that a person can give
        if step.name and step.name not in names:
            outputs = (step.name, *outputs[1:])
        calls.append(
            Call.model_construct(
                callee=step.layer, inputs=inputs, outputs=outputs, label=str(number), written=step.written
            )
        )
        types += results
        names += outputs
    module = Module.model_construct(
        name="Value",
        kind="model",
        inputs=(),
        outputs=(Port.model_construct(name="value", value=names[value.result]),),
        values=dict(zip(names, types, strict=True)),
        calls=tuple(calls),
    )
    return Program.model_construct(entry="Value", modules={"Value": module})

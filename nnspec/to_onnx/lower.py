"""From a program and its weights to the graph that is written: built, folded, in the precision asked for."""

from __future__ import annotations

import json

from nnspec.ir import Program
from nnspec.ir.batch import BATCH, batch_of
from nnspec.ir.indices import greatest_sizes, index_bounds
from nnspec.record import Record
from nnspec.to_onnx.build import Sources, build_graph
from nnspec.to_onnx.choices import Choices
from nnspec.to_onnx.fold import fold
from nnspec.to_onnx.functions import make_functions
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.heads import write_heads
from nnspec.to_onnx.integers import quantise_products
from nnspec.to_onnx.older import write_older
from nnspec.to_onnx.precision import HALVES, in_half_precision
from nnspec.to_onnx.proto import Description
from nnspec.to_onnx.provenance import provenance
from nnspec.to_onnx.versions import choose_opset
from nnspec.weights.initialise import initial_array
from nnspec.weights.load import MEANINGS, Weights, initial_weights, load_weights
from nnspec.weights.preparation import preparation
from nnspec.weights.source import WeightSource, file_of

_NOTHING = "nothing is int8: there is no product with weights (--precision int8-static takes convolutions)"
_TOGETHER = "samples that are run together are rounded by the range of all of them, so they are not put into batches"


class Lowered(Record):
    """A graph with its opset, the weights that it was made of, and what its file says of itself."""

    program: Program  # what is computed: with the normalisation of training, where that is part of it
    graph: Graph
    opset: int
    weights: Weights
    description: Description
    notes: tuple[str, ...]
    normalizes: bool  # whether its inputs are those of the data, before they are normalised


def lower(
    program: Program,
    weights: WeightSource | None,
    choices: Choices,
    sources: Sources | None,
    *,
    thorough: bool = True,
) -> Lowered:
    """The graph of a program; of untrained weights if none are given. For `thorough` see `load_weights`.

    Raises:
        SpecError: it cannot be expressed in ONNX, or the weights are not the model's.
    """
    opset = choose_opset(program, choices)
    loaded = initial_weights(program) if weights is None else load_weights(program, weights, thorough=thorough)
    prepared = preparation(program, loaded.metadata)
    if choices.normalize:
        program = prepared.applied(program)
    single = choices.precision == "float32"  # other precisions have products of their own
    graph = folded(program, loaded, opset, sources, choices, heads=single)
    notes = prepared.notes(choices.normalize) if weights is not None else [loaded.note]
    if loaded.told is not None:
        notes.append(loaded.told)
    if choices.precision in HALVES:
        in_half_precision(graph, opset, HALVES[choices.precision], choices.computes_in_half)
    quantised = choices.precision == "int8" and quantise_products(graph)
    if choices.precision == "int8":
        notes.append(_TOGETHER if quantised else _NOTHING)
    graph.settle()
    if choices.functions:
        make_functions(graph)
    meanings = {key: value for key, value in loaded.metadata.items() if key in MEANINGS}
    origin = provenance(sources or {}, file_of(weights), opset, choices)
    counted = {} if quantised else _samples(program)
    metadata = {**origin, **meanings, **prepared.metadata(choices.normalize), **_bounds(program), **counted}
    documentation = "\n\n".join(filter(None, [program.main.documentation, *prepared.notes(choices.normalize)]))
    description = Description(program.main.name, documentation, metadata)
    return Lowered(
        program, graph, opset, loaded, description, tuple(notes), bool(prepared.layers) and choices.normalize
    )


def folded(
    program: Program, weights: Weights, opset: int, sources: Sources | None, choices: Choices, *, heads: bool
) -> Graph:
    """The graph in float32; with `heads` as it is written where no other precision is asked for.

    Raises:
        SpecError: the program cannot be expressed in ONNX.
    """
    graph = build_graph(program, weights.arrays, opset, sources, choices, initial_array)
    fold(graph)
    write_older(graph, opset)
    if heads:
        write_heads(graph)
    return graph


def _bounds(program: Program) -> dict[str, str]:
    """The metadata on what inputs may hold: the bounds of sizes by symbol, and of indices by input."""
    found = {"nnspec.largest": greatest_sizes(program), "nnspec.below": index_bounds(program)}
    return {key: json.dumps(bounds) for key, bounds in found.items() if bounds}


def _samples(program: Program) -> dict[str, str]:
    """The metadata on the symbol that all inputs and outputs begin with, and that is proven to count samples."""
    batch = batch_of(program)
    return {BATCH: json.dumps(batch.symbol)} if batch is not None and batch.leads else {}

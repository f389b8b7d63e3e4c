"""`(each x, carry h = start, m) -> scan Step(...)`: a block applied step by step.

Of the values in the tuple, `each` gives the block one place after the other, along the first dimension or another one;
`carry` is where an input starts that the output of the same name is at the next step; any other value is the same at
every step. The results are the last values of what is carried, and the others side by side along the dimension that the
first `each` walks along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnspec.dims import Size, at_least, equal
from nnspec.elaborate.builder.call import Result
from nnspec.elaborate.builder.emit import call_module
from nnspec.elaborate.builder.inputs import block_inputs, declared_inputs
from nnspec.elaborate.builder.signature import block_signature
from nnspec.elaborate.builder.tensor import Invalid, Results, Step, Tensor, Value
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.expression import evaluate, number
from nnspec.elaborate.evaluate.tuples import fed_value
from nnspec.elaborate.frame import Failed, Frame
from nnspec.elaborate.instantiate.apply import need_here, need_same
from nnspec.elaborate.instantiate.arguments import bind_block
from nnspec.elaborate.instantiate.blocks import make_block
from nnspec.elaborate.mistakes import (
    BadScan,
    Misplaced,
    NotCarried,
    RepeatedArgument,
    ScanWithoutSteps,
    UnknownArgument,
    WrongInputs,
    WrongKind,
)
from nnspec.elaborate.values import Bound, Partial, is_size
from nnspec.ir import Module, Scan
from nnspec.ir.program import Along, Carried
from nnspec.record import Record
from nnspec.syntax import tree as t


class Scanned(Record):
    """A value of the tuple that a scan takes; the tensor of an optional input may be absent."""

    written: t.Fed
    tensor: Tensor | None
    dim: int  # that is walked along, as it is written

    @property
    def role(self) -> str | None:
        """`each` or `carry`."""
        return self.written.role


def scan(frame: Frame, node: t.Scan, item: t.Item, label: str | None) -> Value:
    """Apply a block step by step; behind the label of one, the same module again."""
    block, further, again = _block(frame, node, item, label)
    given = [_given(frame, block.definition, fed) for fed in item.given]
    length = _length(frame, node, block.definition, given)
    inputs, said = _inputs(frame, node, block.definition, given, further)
    present = tuple([tensor.type for tensor in inputs if tensor is not None])
    walk = Scan(
        sequences=tuple(
            Along(index=index, dim=each.dim % present[index].rank)
            for index, each in enumerate(said)
            if each is not None and each.role == "each"
        ),
        steps=None if node.steps is None else length,
        backward=node.backward,
    )
    inside = iter(walk.inside(present))
    types = tuple([None if tensor is None else next(inside) for tensor in inputs])
    path = again.label if again is not None else label or frame.scope.next_label()
    made = make_block(frame, block.definition, block.arguments, types, path, node)
    module = frame.shared.modules[made.key]
    carried = _carried(frame, node, block.definition, module, said)
    dim = next((each.dim for each in given if each.role == "each"), 0)
    stacked = _stacked(frame, node, block.definition, module, carried, dim)
    walk = walk.model_copy(update={"carried": carried, "stacked": stacked})
    all_steps = walk.results(module.output_types, length)
    results = [Result(each.name, type, each.training) for each, type in zip(made.results, all_steps, strict=True)]
    if again is not None:
        need_same(frame, made, again, item)
        return call_module(frame, made, inputs, path, node, results=results, scan=walk, shared=True)
    if label is not None:
        frame.scope.next_label()
    return call_module(frame, made, inputs, path, node, block, results=results, scan=walk)


def _block(
    frame: Frame, node: t.Scan, item: t.Item, label: str | None
) -> tuple[Bound, dict[str | int, Tensor], Step | None]:
    """The block that is applied, the tensors among its arguments, and the step that has built it, if one has."""
    value = evaluate(frame, node.step)
    step = value.step if isinstance(value, (Tensor, Results)) else None
    if isinstance(value, (Tensor, Results)) and step is not None and isinstance(step.built_from, Bound):
        need_here(frame, value, item)
        if label is not None:
            what = "a label before a module that has one"
            frame.fail(Misplaced(frame.span(item), what, "bind it: name = (...) -> scan ..."))
        return step.built_from, {}, step
    if not isinstance(value, Partial) or not isinstance(value.callee, BlockDefinition):
        frame.fail(WrongKind(frame.span(node.step), "a block after `scan`", kind(value)))
    bound, further = bind_block(frame, value.callee, value, node)
    return bound, further, None


def _inputs(
    frame: Frame,
    node: t.Scan,
    definition: BlockDefinition,
    given: Sequence[Scanned],
    further: Mapping[str | int, Tensor],
) -> tuple[list[Tensor | None], list[Scanned | None]]:
    """The inputs of the block in order, and what is said of those that are there: the module has no others."""
    placed = _placed(frame, node, definition, given)
    tensors = {place: each.tensor for place, each in placed.items() if each.tensor is not None}
    inputs = block_inputs(frame, definition, (), {**further, **tensors}, node)
    names: Sequence[int | str] = _input_names(definition) or range(len(inputs))
    said = [placed.get(name) for name, tensor in zip(names, inputs, strict=True) if tensor is not None]
    return inputs, said


def _given(frame: Frame, definition: BlockDefinition, fed: t.Fed) -> Scanned:
    value = fed_value(frame, fed)
    if isinstance(value, Invalid):
        raise Failed
    if not isinstance(value, Tensor) and not (value is None and fed.role is None):
        frame.fail(WrongKind(frame.span(fed.chain), "a tensor", kind(value)))
    dim = 0 if fed.along is None else number(frame, fed.along, "a dimension")
    if fed.along is not None and fed.role != "each":
        found = "only what `each` gives place after place has a dimension `along` which that is"
        frame.fail(BadScan(frame.span(fed), definition.name, found))
    if fed.role == "each" and value is not None and not -value.type.rank <= dim < value.type.rank:
        frame.fail(BadScan(frame.span(fed), definition.name, f"{value.type} has no dimension {dim} to walk along"))
    return Scanned(fed, value, dim)


def _length(frame: Frame, node: t.Scan, definition: BlockDefinition, given: Sequence[Scanned]) -> Size:
    """The number of steps."""
    walked = [each for each in given if each.role == "each"]
    if bool(walked) == (node.steps is not None) or (node.backward and not walked):
        way = None if walked else _as_written_now(definition, given)
        frame.fail(ScanWithoutSteps(frame.span(node), bool(walked), node.backward, way))
    if node.steps is not None:
        steps = evaluate(frame, node.steps)
        if not is_size(steps) or not at_least(steps, 1):
            frame.fail(WrongKind(frame.span(node.steps), "a number of steps, 1 or more,", kind(steps)))
        return steps
    lengths = [each.tensor.type.shape[each.dim] for each in walked if each.tensor is not None]
    for each, length in zip(walked, lengths, strict=True):
        if equal(length, lengths[0]) is not True:
            found = f"it walks along {lengths[0]} places of one sequence and {length} of another"
            frame.fail(BadScan(frame.span(each.written), definition.name, found))
    return lengths[0]


def _placed(
    frame: Frame, node: t.Scan, definition: BlockDefinition, given: Sequence[Scanned]
) -> dict[int | str, Scanned]:
    """The values by the name of the input that they are for; by place where the block names none.

    A value without a name is for the input at its place in the tuple.
    """
    names = _input_names(definition)
    if names and len(given) > len(names):
        frame.fail(WrongInputs(frame.span(node), definition.name, f"{len(names)} values", len(given)))
    placed: dict[int | str, Scanned] = {}
    in_place = True  # whether the names so far stand in the places of their inputs
    for place, each in enumerate(given):
        name = each.written.name
        key = names[place] if name is None and names else place if name is None else name.text
        span = frame.span(name or each.written)
        if name is None and not in_place:
            advice = f"give it the name of its input, or put the values in the order of {definition.name}'s inputs"
            frame.fail(Misplaced(span, "a value without a name, behind others by name,", advice))
        if key in placed:
            frame.fail(RepeatedArgument(span, "this tuple", str(key)))
        if name is not None and name.text not in names:
            shown = f"{block_signature(definition)}: {', '.join(names)}"
            frame.fail(UnknownArgument(span, definition.name, name.text, shown))
        in_place = in_place and (name is None or names.index(name.text) == place)
        placed[key] = each
    return placed


def _carried(
    frame: Frame, node: t.Scan, definition: BlockDefinition, module: Module, known: Sequence[Scanned | None]
) -> tuple[Carried, ...]:
    """The outputs that become inputs at the next step."""
    outputs = {port.name: index for index, port in enumerate(module.outputs)}
    declared = bool(_input_names(definition))
    found: list[Carried] = []
    for index, each in enumerate(known):
        name = module.inputs[index].name
        span = frame.span(each.written if each is not None else node)
        output = outputs.get(name) if declared else index if index < len(outputs) else None
        if each is None or each.role is None:
            if declared and output is not None:
                frame.fail(NotCarried(span, definition.name, name, tuple(outputs), carried=False))
            continue
        if each.role == "each":
            continue
        if output is None and len(outputs) == 1:
            output = 0  # its one result
        if output is None:
            frame.fail(NotCarried(span, definition.name, name, tuple(outputs), carried=True))
        type, start = module.output_types[output], module.input_types[index]
        if not type.equals(start):
            made = f"{type.dtype}{type}" if type.dtype != start.dtype else str(type)
            first = f"{start.dtype}{start}" if type.dtype != start.dtype else str(start)
            frame.fail(BadScan(span, definition.name, f"{name} starts as {first}, and the step makes it {made}"))
        found.append(Carried(output=output, input=index))
    return tuple(found)


def _stacked(
    frame: Frame, node: t.Scan, definition: BlockDefinition, module: Module, carried: Sequence[Carried], dim: int
) -> tuple[Along, ...]:
    """The other outputs, with the dimension along which those of all steps stand."""
    found: list[Along] = []
    for index, (port, type) in enumerate(zip(module.outputs, module.output_types, strict=True)):
        if index in {each.output for each in carried}:
            continue
        if not -type.rank <= dim + 1 <= type.rank + 1:
            message = f"its output {port.name} is {type}, which cannot stand side by side along dimension {dim}"
            frame.fail(BadScan(frame.span(node), definition.name, message))
        found.append(Along(index=index, dim=dim % (type.rank + 1)))
    return tuple(found)


def _input_names(definition: BlockDefinition) -> tuple[str, ...]:
    return tuple(each.name.text for each in declared_inputs(definition))


def _as_written_now(definition: BlockDefinition, given: Sequence[Scanned]) -> str:
    """The tuple with the roles that an older spec left unsaid: the first is walked along, states have their names."""
    names, body = _input_names(definition), definition.declaration.body
    statements = body.statements if isinstance(body, t.Body) else ()
    outputs = {each.name.text for each in statements if isinstance(each, t.Output)}
    written: list[str] = []
    for place, each in enumerate(given):
        name = each.written.name.text if each.written.name else names[place] if place < len(names) else ""
        role = "each " if place == 0 else "carry " if name in outputs else ""
        written.append(f"{role}{name or 'x'}")
    return f"({', '.join(written) or 'each _'}) -> scan {definition.name}"

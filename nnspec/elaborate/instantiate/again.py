"""Blocks that an earlier elaboration has made are taken up again, where nothing that they depend on is another.

An editor elaborates the same text again after every key. What comes out is the same as if all was made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from nnspec.elaborate.builder.kept import Added, Event, Kept, Recorder, Spent, Told, Used
from nnspec.elaborate.builder.scope import Made
from nnspec.elaborate.builder.tensor import Several, Tensor, WeightReference
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.frame import WORK, Elaboration, Frame, Purpose
from nnspec.elaborate.values import Function, Meaning, Partial, key
from nnspec.ir import Call, Module, Place
from nnspec.layers.tensor_type import TensorType


class _Bound(Exception):
    """A value belongs to one elaboration alone."""


def made_again(
    frame: Frame, purpose: Purpose, arguments: dict[str, Meaning], make: Callable[[], Made | None]
) -> Made | None:
    """A block as it was made before; else it is made now, and kept if it can be."""
    recorder = frame.shared.recorder
    if recorder is None:
        return make()
    definition, _, types = purpose
    name = recorder.names[purpose] = _name(frame, recorder, definition, arguments, types)
    kept = None if name is None else recorder.store.get(name)
    before = _spent(frame.shared)
    if name in recorder.made:
        return recorder.made[name][0]
    if kept is not None and _fits(frame, recorder, kept):
        with recorder.recording():  # what happens now is known
            made: Made | None = _played(frame.shared, recorder, kept)
    else:
        made = _recorded(frame.shared, recorder, definition, name, make)
    recorder.spent(_spent(frame.shared).less(before))
    return made


def _spent(shared: Elaboration) -> Spent:
    return Spent(shared.effort, shared.work, len(shared.modules))


# --- the name that a block is kept under


def _name(
    frame: Frame,
    recorder: Recorder,
    definition: BlockDefinition,
    arguments: dict[str, Meaning],
    types: tuple[TensorType | None, ...],
) -> Hashable | None:
    """All that a block depends on; None if that is not the same in two elaborations."""
    try:
        given = tuple([(name, _form(recorder, value)) for name, value in sorted(arguments.items())])
    except _Bound:
        return None
    return recorder.identity(definition), given, types, frame.training


def _form(recorder: Recorder, value: Meaning) -> Hashable:
    """A value as it is in any elaboration.

    Raises:
        _Bound: it belongs to this one.
    """
    if isinstance(value, (Tensor, Several, WeightReference)):
        raise _Bound
    if isinstance(value, tuple):
        return tuple([_form(recorder, each) for each in value])
    if isinstance(value, Function):
        return "function", value.name
    if isinstance(value, Partial):
        callee = value.callee
        what = recorder.identity(callee) if isinstance(callee, BlockDefinition) else callee
        positional = tuple([_form(recorder, each.value) for each in value.positional])
        named = tuple([(name, _form(recorder, each.value)) for name, each in sorted(value.named.items())])
        return what, positional, named, value.function
    return key(value)


# --- making


def _recorded(
    shared: Elaboration,
    recorder: Recorder,
    definition: BlockDefinition,
    name: Hashable | None,
    make: Callable[[], Made | None],
) -> Made | None:
    """Make a block, and keep what that did, unless it is told of a mistake or doubt, or has to do with others."""
    before, state = _spent(shared), _state(shared, recorder)
    with recorder.recording() as recording:
        made = make()
    events = recording.events
    used = {each.kept.name: each.kept for each in events if isinstance(each, Used) and each.kept is not None}
    alone = all(_is_of(definition, each) for each in events)
    if made is not None and name is not None and alone and not made.outer_ties and state == _state(shared, recorder):
        spent = _spent(shared).less(before).less(recording.inside)
        most = spent
        for each in used.values():
            most = most.plus(each.most)
        identities = frozenset({recorder.identity(definition)}.union(*(each.identities for each in used.values())))
        depth = 1 + max((each.depth for each in used.values()), default=0)
        start = definition.declaration.start
        kept = Kept(name, start, tuple(events), made, recorder.identity(definition), identities, depth, spent, most)
        recorder.store.keep(kept)
        recorder.made[name] = made, kept
    return made


def _state(shared: Elaboration, recorder: Recorder) -> tuple[int, int, int]:
    """It is the same behind what gives no message, and makes no variant of a module."""
    return recorder.reports, len(shared.modules.reached), len(shared.modules.pruned)


def _is_of(definition: BlockDefinition, event: Event) -> bool:
    """Whether what happened has its place in the text of a block, or is that of another one that is kept."""
    if isinstance(event, Used):
        return event.kept is not None
    node = definition.declaration
    if isinstance(event, Told):
        return node.start <= event.start and event.end <= node.end
    places = (event.module.place, *(call.place for call in event.module.calls))
    file = definition.source.name
    return all(each is None or (each.file == file and node.start <= each.start and each.end <= node.end)
               for each in places)  # fmt: skip


# --- making again


def _fits(frame: Frame, recorder: Recorder, kept: Kept) -> bool:
    """Whether a block can be taken up within the limits; else it is made, so that the limit is reached at its place."""
    limits, after = frame.shared.limits, _spent(frame.shared).plus(kept.most)
    return (
        kept.identities <= recorder.definitions.keys()
        and len(frame.chain) + kept.depth < limits.recursion
        and after.effort <= limits.calls
        and after.work <= WORK * limits.calls
        and after.modules < limits.modules
    )


def _played(shared: Elaboration, recorder: Recorder, kept: Kept) -> Made:
    """Do all that making a block did, where it stands now."""
    if kept.name in recorder.made:
        return recorder.made[kept.name][0]
    definition = recorder.definitions[kept.identity]
    by = definition.declaration.start - kept.start
    keys: dict[str, str] = {}
    for event in kept.events:
        if isinstance(event, Told):
            if shared.watch is not None:
                shared.watch(definition.source, event.start + by, event.end + by, event.types)
        elif isinstance(event, Added):
            keys[event.key] = shared.modules.add(_moved(event.module, keys, by))
        elif event.kept is not None:
            keys[event.key] = _played(shared, recorder, event.kept).key
    shared.effort += kept.spent.effort
    shared.work += kept.spent.work
    made = kept.made._replace(key=keys[kept.made.key])
    recorder.made[kept.name] = made, kept
    return made


def _moved(module: Module, keys: Mapping[str, str], by: int) -> Module:
    """A module whose text stands elsewhere, and that calls others by other keys."""
    if not by and all(not isinstance(call.callee, str) or keys[call.callee] == call.callee for call in module.calls):
        return module
    calls = tuple([_call(call, keys, by) for call in module.calls])
    return module.model_copy(update={"calls": calls, "place": _place(module.place, by)})


def _call(call: Call, keys: Mapping[str, str], by: int) -> Call:
    callee = keys[call.callee] if isinstance(call.callee, str) else call.callee
    return call.model_copy(update={"callee": callee, "place": _place(call.place, by)})


def _place(place: Place | None, by: int) -> Place | None:
    if place is None or not by:
        return place
    return Place.model_construct(file=place.file, start=place.start + by, end=place.end + by)

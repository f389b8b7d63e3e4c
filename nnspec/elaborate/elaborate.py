"""`elaborate`: a model of a file, with its arguments and input shapes, to a program."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.diagnostics import Sink, Source, Span, SpecError, nearest
from nnspec.elaborate.builder.kept import Added, Recorder, Store
from nnspec.elaborate.builder.scope import Scope
from nnspec.elaborate.builder.signature import block_signature
from nnspec.elaborate.declarations import BlockDefinition, Declarations
from nnspec.elaborate.doubts import doubt
from nnspec.elaborate.evaluate.expression import evaluate
from nnspec.elaborate.frame import Elaboration, Environment, Exhausted, Failed, Frame, Given, Watch
from nnspec.elaborate.instantiate.arguments import variant_of
from nnspec.elaborate.instantiate.blocks import build
from nnspec.elaborate.mistakes import BadSetting, NoSuchModel, TooDeep
from nnspec.elaborate.statements.run import begin
from nnspec.elaborate.values import Function, Meaning
from nnspec.ir import Program
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.stack import deep_stack
from nnspec.syntax.parse import parse_expression


def elaborate(
    declarations: Declarations,
    sink: Sink,
    *,
    model: str | None = None,
    settings: Mapping[str, object] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    watch: Watch | None = None,
    store: Store | None = None,
) -> Program:
    """Elaborate a model (the file's first, if none is named).

    Args:
        declarations: what the file declares.
        sink: where mistakes go.
        model: the name of the model.
        settings: arguments by name; a string is read as an expression of the language where it is one.
        shapes: the sizes of inputs by name, which bind the symbols of their shapes.
        limits: bounds on what the spec may ask for.
        watch: is told of every step and its types.
        store: blocks of earlier elaborations, always with the same limits, which are not made again.

    Raises:
        SpecError: the spec has mistakes; all that were found are in it.
    """
    definition = choose(declarations, model, sink)
    shared = begin(sink, limits)
    shared.watch = watch
    if store is not None:
        recorder = shared.recorder = Recorder(store)
        shared.modules.told = lambda key, module: recorder.note(Added(key, module))
    arguments = _settings(definition, settings or {}, shared)
    scope, given = Scope(definition.name, "model"), Given(None, shapes or {})
    frame = Frame(shared, definition.declarations, scope, Environment(), given=given)
    made = None
    with deep_stack():
        try:
            made = build(frame, definition, arguments)
        except (Failed, Exhausted):
            pass
        except RecursionError:
            name = definition.declaration.name
            span = Span(definition.source, name.start, name.end)
            sink.add(TooDeep(span, definition.name, limits.recursion))
    sink.raise_errors()
    assert made is not None, "a body without a result has told why"
    program = shared.modules.program(made.key)
    _check_shapes(program, shapes or {}, definition, sink)
    with deep_stack():
        doubt(program, declarations, sink)
    return program


def choose(declarations: Declarations, model: str | None, sink: Sink) -> BlockDefinition:
    """The model of a file by name; its first one for None.

    Raises:
        SpecError: there is none, or the file has mistakes.
    """
    names = tuple(definition.name for definition in declarations.models)
    for definition in declarations.models:
        if model is None or definition.name == model:
            return definition
    if not sink.errors:
        span = Span(declarations.source, 0, min(1, len(declarations.source.text)))
        sink.add(NoSuchModel(span, model, names, nearest(model, names) if model else None))
    raise SpecError(sink.found)


def _settings(definition: BlockDefinition, settings: Mapping[str, object], shared: Elaboration) -> dict[str, Meaning]:
    """Arguments for the model, and for those that it is a variant of."""
    arguments: dict[str, Meaning] = {}
    models = [definition, *variant_of(definition)]
    known = [parameter.name.text for model in models for parameter in model.declaration.parameters]
    before = len(shared.sink.errors)
    for name, value in settings.items():
        if name not in known:
            close = nearest(name, known)
            signature = block_signature(models[-1])
            advice = f"did you mean {close}?" if close else f"its signature is {signature}"
            found = BadSetting(None, f"{definition.name} has no parameter {name}", advice)
            shared.sink.add(found)
            continue
        arguments[name] = _value(name, value, definition, shared)
    for parameter in definition.declaration.parameters:
        if parameter.default is None and parameter.name.text not in arguments:
            span = Span(definition.source, parameter.start, parameter.end)
            advice = f"give one: --set {parameter.name.text}=..., or a default: {parameter.name.text} = ..."
            reason = f"{definition.name} needs a value for {parameter.name.text}"
            shared.sink.add(BadSetting(span, reason, advice))
    if len(shared.sink.errors) > before:
        shared.sink.raise_errors()
    return arguments


def _value(name: str, value: object, definition: BlockDefinition, shared: Elaboration) -> Meaning:
    """A setting as a compile-time value."""
    if getattr(value, "ndim", None) == 0:  # a number of NumPy or PyTorch, whose text is not that of a number
        value = value.item()  # type: ignore[attr-defined]
    if isinstance(value, (list, tuple)):
        return tuple([_value(name, item, definition, shared) for item in value])
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if not isinstance(value, str):
        reason = f"{name} is of type {type(value).__name__}, which a spec has not"
        raise SpecError.of(BadSetting(None, reason, "give a number, a string, True, False, None, or a list of such"))
    source = Source(f"--set {name}", value)
    sink = Sink()
    node = parse_expression(source, sink, shared.limits)
    if node is None or sink.errors:
        return value  # what is no expression is meant as a string
    declarations = Declarations(source)
    declarations.names = definition.declarations.names
    frame = Frame(begin(sink, shared.limits), declarations, Scope("settings", "group"), Environment())
    try:
        found = evaluate(frame, node)
        return value if isinstance(found, Function) else found  # `--set mode=max` means the word
    except (Failed, Exhausted):
        return value


def _check_shapes(
    program: Program, shapes: Mapping[str, tuple[int, ...]], definition: BlockDefinition, sink: Sink
) -> None:
    names = [port.name for port in program.main.inputs]
    for name in shapes:
        if name not in names:
            close = nearest(name, names)
            advice = f"did you mean {close}?" if close else f"it takes {', '.join(names) or 'none'}"
            sink.add(BadSetting(None, f"{definition.name} has no input {name}", advice))
    sink.raise_errors()

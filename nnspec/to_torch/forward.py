"""The `forward` of a class: one line a step, in the order of the data, as a person would write it.

A result that is used once, by a later step, waits and is written inside that step's expression where the line stays
short. Sizes that are symbols are read from the shapes of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from nnspec.diagnostics import SpecError
from nnspec.dims import Size
from nnspec.ir import Call, Module, Port, Scan
from nnspec.layers.base import Layer
from nnspec.to_torch.attributes import Attributes
from nnspec.to_torch.compose import compose, once
from nnspec.to_torch.form import Forms, ModuleForm
from nnspec.to_torch.formats import formats
from nnspec.to_torch.layout import turns
from nnspec.to_torch.loops import scan_loop, starting
from nnspec.to_torch.mistakes import NotInTorch
from nnspec.to_torch.mixture import MIXTURE
from nnspec.to_torch.remarks import Shape, helps
from nnspec.to_torch.row import Submodule
from nnspec.to_torch.sizes import SizeNotGiven, Sizes
from nnspec.to_torch.unbinding import Unbinding, unbinding
from nnspec.to_torch.uses import Text, as_text, is_function, mark, owns_weights
from nnspec.to_torch.variables import Variables

WIDTH = 96
DEPTH = 3  # of calls inside each other: `F.relu(self.bn1(self.conv1(x)))` is as much as one reads at a glance


class Forward:
    """Writes the body of `forward`, and finds out which attributes it needs."""

    def __init__(self, forms: Forms, form: ModuleForm) -> None:
        self.forms = forms
        self.key = form.key
        self.module: Module = form.module
        self.lines: list[str] = []
        self.shapes: dict[int, Shape] = {}  # of what lines give, by their places, where a comment would help
        self.attributes = Attributes(forms, form.key)
        self.nested: dict[str, str] = {}  # value -> expression that its one use will hold; in their order
        self.sizes = Sizes(form.module)
        reserved = self.sizes.names() | forms.function_names(self.key) | {"device", "dtype", "wide"}
        if any(call.chained or self._loops(call) for call in self.module.calls):
            reserved |= {"index", "layer"}  # of the loops
        self.variables = Variables(form.module, reserved)
        flow = [] if form.key not in forms.flows else ["x"]
        names = [*flow, *(port.name for port in self.module.inputs[len(flow) :])]
        for name, port in zip(names, self.module.inputs, strict=True):
            self.variables.add_input(name, port.value)
        self.inputs = self.sizes.inputs = self.variables.inputs
        self._wide = forms.widths.wide[form.key]
        self._maker = {value: index for index, call in enumerate(self.module.calls) for value in call.outputs}
        self._write_calls()
        self._return()

    def _write_calls(self) -> None:
        behind = 0
        for index, call in enumerate(self.module.calls):
            taken = unbinding(self.module, index) if index >= behind else None
            if taken is not None:
                self._unbind(index, taken)
                behind = index + len(taken.calls)
            elif index >= behind:
                self._write(index, call)

    def _loops(self, call: Call) -> bool:
        """Whether a call is written as a loop over a list of modules."""
        form = self.forms.form(call.callee) if isinstance(call.callee, str) else None
        return form is not None and form.inline and form.kind == "loop"

    # --- one call

    def _write(self, index: int, call: Call) -> None:
        self._begin(index, call)
        if call.chained or call.scan or self._loops(call):
            self._flush()
        expression = self._expression(index, call)
        if not call.inputs and not any(self.variables.uses[value] for value in call.outputs):
            return  # a weight that others are tied to: it is built, and nothing is to be computed
        if expression is None:
            return  # a loop, which is written already
        if len(call.outputs) == 1 and self._nests(index, call, expression):
            self.nested[call.outputs[0]] = expression
            return
        self._flush(expression)
        targets = [self._target(index, value) for value in call.outputs]
        self._line(call, f"{self._unpacked(call, targets)} = {expression}")
        self._remark(call, expression)

    def _remark(self, call: Call, expression: str) -> None:
        """Keep the shape of what the last line gives, if it is worth a comment."""
        if len(call.outputs) > 1 or any(each.training for each in self.module.calls):
            return
        block = isinstance(call.callee, str) and call.inputs
        before = self.module.values[call.inputs[0]].shape if block else None
        (made,) = self.forms.origins.types(self.key, call.outputs)
        if made is not None and helps(expression, before, made.shape):
            self.shapes[len(self.lines) - 1] = made.shape

    def _begin(self, index: int, call: Call) -> None:
        """Write what waits before steps that exist in training only, and behind them."""
        before = index > 0 and self.module.calls[index - 1].training
        if call.training != before:
            self._flush()
            if call.training:
                self.lines.append("if self.training:")

    def _unbind(self, index: int, taken: Unbinding) -> None:
        """Several elements of a value in one line: `query, key, value = x.unbind(0)`."""
        call = taken.calls[0]
        self._begin(index, call)
        waiting = self.nested.pop(taken.value, None)
        text = compose("waiting_.unbind", {"waiting_": waiting or self.variables[taken.value]})
        self._flush(text)
        last = index + len(taken.calls) - 1
        made = [each.outputs[0] for each in taken.calls]
        self.variables.play_roles(made)
        targets = [self._target(last, value) for value in made]
        self._line(call, f"{', '.join(targets)} = {text}({taken.dim})")

    def _unpacked(self, call: Call, targets: list[str]) -> str:
        """The variables of the results, as the module gives them; what is not needed is one `_`."""
        submodule = self.forms.submodule(self.key, call) if isinstance(call.callee, Layer) else None
        if submodule is None or submodule.results is None:
            return ", ".join(targets)
        return _fill(submodule.results, targets).replace("(_, _)", "_")

    def _line(self, call: Call, *texts: str) -> None:
        self.lines += [f"    {text}" if call.training else text for text in texts]

    def _target(self, index: int, value: str, beside: str = "") -> str:
        """The variable that takes a value made by call `index`; those in `beside` are needed as they are."""
        call = self.module.calls[index]
        again = self.variables.read_again(call) if call.chained or self._loops(call) else ()
        return self.variables.target(index, value, [beside, *self.nested.values()], again)

    # --- expressions

    def _expression(self, index: int, call: Call) -> str | None:
        """The expression of a call; None where a loop has been written."""
        if isinstance(call.callee, str):
            return self._module_expression(index, call)
        lowered = self.forms.lowered(self.key, call)
        if isinstance(lowered, Text):
            return self._composed(call, lowered)
        if is_function(self.module, call, lowered):
            return self._composed(call, as_text(lowered))
        attribute = self.attributes.of(call, lowered.constructor, owns=owns_weights(self.module, call))
        if call.count > 1:
            self._repeat(index, call, lowered)
            return None
        arguments = self._given(call, range(len(call.inputs) if lowered.call is None else 0))
        return _applied(lowered, attribute, arguments)

    def _composed(self, call: Call, text: Text) -> str:
        """The expression of a layer, with those that wait inside it where none of them needs a variable."""
        marks = {value: mark(index) for index, value in enumerate(call.inputs) if value in self.nested}
        shapes = [self.module.values[value].shape for value in marks]
        read = any(size in shape for shape in shapes for size in text.sizes.values())
        in_order = list(marks) == [value for value in self.nested if value in marks]
        self.forms.sources |= text.sources
        if marks and in_order and not read and once(text.template).issuperset(marks.values()):
            conversions = self._formats(call)
            given = [
                compose(f"value_{conversions.get(index, '')}", {"value_": self._peek(value)})
                for index, value in enumerate(call.inputs)
            ]
            whole = self._filled(call, text, given)
            if len(whole) <= WIDTH - 10:
                for value in marks:
                    del self.nested[value]
                return whole
        return self._filled(call, text, self._given(call))

    def _filled(self, call: Call, text: Text, given: list[str]) -> str:
        size = self._sizer(call)
        sizes = {name: size(wanted) for name, wanted in text.sizes.items()}
        return compose(text.template, sizes | {mark(index): each for index, each in enumerate(given)})

    def _module_expression(self, index: int, call: Call) -> str | None:
        assert isinstance(call.callee, str)
        form = self.forms.form(call.callee)
        name = form.module.name if form.module.kind != "group" else "group"
        attribute = self.attributes.of(call, name, owns=self.forms.owns_weights(call.callee))
        if call.routed or (form.kind == "mixture" and form.inline):
            self.forms.sources["mixture"] = MIXTURE
            experts = self._experts(call) if call.routed else attribute
            return f"mixture({', '.join([experts, *self._given(call, range(len(call.inputs)))])})"
        if call.count > 1:
            self._repeat(index, call, None)
            return None
        if call.scan is not None:
            self._scan(index, call, call.scan, form.module, attribute)
            return None
        if self._loops(call):
            given = self._given(call)
            target = self._target(index, call.outputs[0])
            inputs = self._passed(form.module.calls[0], [target, *given[1:]])
            turn = f"    {target} = layer({', '.join(inputs)})"
            self._line(call, *starting([target], given), f"for layer in {attribute}:", turn)
            return None
        return f"{attribute}({', '.join(self._passed(call, self._given(call, range(len(call.inputs)))))})"

    def _passed(self, call: Call, given: list[str]) -> list[str]:
        """The arguments of a call, by name where the module has inputs that it is not given."""
        return self.forms.passed(call.callee, given) if isinstance(call.callee, str) else given

    def _experts(self, call: Call) -> str:
        """The experts of a mixture that are no list of their own."""
        stem, _, first = str(call.label).rpartition(".")
        return f"[{self.attributes.layout.each(stem)} for index in {turns(first, call.count)}]"

    # --- loops

    def _repeat(self, index: int, call: Call, submodule: Submodule | None) -> None:
        """`count` applications in a row of modules that are no list of their own."""
        targets = [self._target(index, value) for value in call.outputs]
        given = self._given(call)
        stem, _, first = next(call.labels).rpartition(".")
        inputs = self._passed(call, [*targets, *given[len(targets) :]])
        applied = _applied(submodule, self.attributes.layout.each(stem), inputs)
        turn = f"    {self._unpacked(call, targets)} = {applied}"
        self._line(call, *starting(targets, given), f"for index in {turns(first, call.count)}:", turn)

    def _scan(self, index: int, call: Call, scan: Scan, module: Module, attribute: str) -> None:
        """A loop that applies a module step by step; what is not carried is stacked."""
        given, variables = self._given(call), self.variables

        def applied(inputs: list[str]) -> str:
            return f"{attribute}({', '.join(self._passed(call, inputs))})"

        variables.busy = {variables[value] for value in call.inputs}
        loop = scan_loop(scan, module, given, variables, self._sizer(call), applied)
        self._line(call, *loop.lines)
        variables.names |= {call.outputs[output]: name for output, name in loop.carried.items()}
        for output, text in loop.stacked.items():
            self._line(call, f"{self._target(index, call.outputs[output])} = {text}")
        variables.busy = set()

    # --- inputs, and expressions that wait

    def _given(self, call: Call, once: Collection[int] = ()) -> list[str]:
        """The inputs of a call in the number format that it needs them in; those of these indices are used `once`."""
        to_format = self._formats(call)
        return [
            "None" if not value
            else self._take(value) if index in once and index not in to_format
            else self._name(value) + to_format.get(index, "")
            for index, value in enumerate(call.inputs)
        ]  # fmt: skip

    def _formats(self, call: Call) -> dict[int, str]:
        """The conversions of the inputs that are needed in another number format than they have."""
        rounded = dict.fromkeys(self.forms.widths.rounded(self.key, call), ".to(dtype)")
        return rounded | dict.fromkeys(self.forms.widths.widened(self.key, call), ".to(wide)")

    def _peek(self, value: str) -> str:
        """The expression of a value, or its variable."""
        return self.nested.get(value) or self.variables[value] if value else "None"

    def _take(self, value: str) -> str:
        """The expression of a value for its one use, or its variable."""
        return self.nested.pop(value, None) or self.variables[value]

    def _name(self, value: str) -> str:
        """The variable of a value; an expression, and those that have waited longer, get lines of their own first."""
        if value in self.nested:
            self._flush(until=value)
        return self.variables[value]

    def _flush(self, beside: str = "", until: str | None = None) -> None:
        """Give every expression that waits a line, or those up to a value; `beside` is a text that goes on waiting."""
        for value in list(self.nested):
            expression, index = self.nested.pop(value), self._maker[value]
            self._line(self.module.calls[index], f"{self._target(index, value, beside)} = {expression}")
            self._remark(self.module.calls[index], expression)
            if value == until:
                return

    def _nests(self, index: int, call: Call, expression: str) -> bool:
        """Whether a result may stand inside the expression of the next call."""
        value = call.outputs[0]
        uses = self.variables.uses[value]
        if len(uses) != 1:
            return False
        if uses == [len(self.module.calls)]:
            alone = index + 1 == uses[0] and len(self.module.outputs) == 1
            return alone and not call.training
        if value in self.variables.bound or len(expression) > WIDTH - 30 or expression.count("(") >= DEPTH:
            return False
        following = self.module.calls[uses[0]]
        if following.training != call.training or following.chained or following.scan:
            return False
        if isinstance(call.callee, str) and (uses[0] > index + 1 or not self._is_operator(following)):
            return False  # a block has a line of its own, besides the operator that takes its result
        return self._accepts_nested(following)

    def _is_operator(self, call: Call) -> bool:
        if isinstance(call.callee, str):
            return False
        submodule = self.forms.submodule(self.key, call)
        return submodule is None or is_function(self.module, call, submodule)

    def _accepts_nested(self, call: Call) -> bool:
        if isinstance(call.callee, str):
            return not self._loops(call) and not call.routed
        submodule = self.forms.submodule(self.key, call)
        return submodule is None or submodule.call is None

    def _sizer(self, call: Call) -> Callable[[Size], str]:
        """The spelling of a size in a row of this call: by the shape of an input at hand, or one that is read first."""

        def size(wanted: Size) -> str:
            try:
                return (None if isinstance(wanted, int) else self.variables.size_at_hand(call, wanted)) or (
                    self.sizes.text(wanted)
                )
            except SizeNotGiven as problem:
                layer = getattr(call.callee, "kind", "this")
                reason = f"{problem} of {self.module.name}"
                raise SpecError.of(NotInTorch(None, layer, call.label or call.outputs[0], reason)) from None

        return size

    # --- the end

    def _return(self) -> None:
        outputs = self.module.outputs
        always = [port for port in outputs if not port.training]
        if len(always) != len(outputs):
            self._flush()
            self.lines.append("if self.training:")
            self.lines.append(f"    return {', '.join(map(self._result, outputs))}")
        self.lines.append(f"return {', '.join(map(self._result, always))}")
        # what exists in training only may be weights that nothing is computed of here
        following = [*self.lines[1:], ""]
        self.lines = [
            line
            for line, next_line in zip(self.lines, following, strict=True)
            if line != "if self.training:" or next_line.startswith("    ")
        ]
        self.sizes.read |= formats(self.lines, self.inputs, self._like)
        read = self.sizes.lines()
        self.shapes = {place + len(read): shape for place, shape in self.shapes.items()}
        self.lines[:0] = read

    def _result(self, port: Port) -> str:
        if port.value not in self._wide or not self.forms.widths.rounds(self.key, self.module.outputs.index(port)):
            return self._take(port.value)
        self._flush()
        return f"{self.variables[port.value]}.to(dtype)"

    def _like(self) -> str:
        """A tensor in the number format of the model: an input, a parameter, or else a buffer for this alone."""
        for name, port, type in zip(self.inputs, self.module.inputs, self.module.input_types, strict=True):
            if type.dtype == "float" and port.value not in self._wide:
                return name
        return "next(self.parameters())" if self.forms.owns_parameters(self.key) else self.attributes.like()


def _applied(submodule: Submodule | None, module: str, arguments: list[str]) -> str:
    """The call of a module; inputs that are absent at the end are not written."""
    given = list(arguments)
    while given and given[-1] == "None":
        given.pop()
    if submodule is None or submodule.call is None:
        return f"{module}({', '.join(given)})"
    return _fill(submodule.call.replace("{module}", module), given)


def _fill(template: str, names: list[str]) -> str:
    for index, name in enumerate(names):
        template = template.replace(f"{{{index}}}", name)
    return template

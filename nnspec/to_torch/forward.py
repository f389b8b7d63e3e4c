"""The `forward` of a class: one line a step, in the order of the data, as a person would write it.

A result that is used once, by the next step, is written inside that step's expression where the line stays short.
The flow is called x (or y, z while x is still needed); what is needed later has the name of its label. Sizes that
are symbols are read from the shapes of the inputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from nnspec.diagnostics import SpecError
from nnspec.dims import Size
from nnspec.ir import Call, Module, Port, Scan
from nnspec.ir.bound import bound_name
from nnspec.layers.base import Layer
from nnspec.to_torch.compose import compose, once
from nnspec.to_torch.construct import Construct
from nnspec.to_torch.form import Forms, ModuleForm
from nnspec.to_torch.layout import OF_DICTIONARIES, turns
from nnspec.to_torch.mistakes import NotInTorch
from nnspec.to_torch.mixture import MIXTURE
from nnspec.to_torch.names import is_attribute, variable
from nnspec.to_torch.row import Raw, Submodule
from nnspec.to_torch.sizes import SizeNotGiven, Sizes
from nnspec.to_torch.unbinding import Unbinding, roles, unbinding
from nnspec.to_torch.uses import Text, as_text, is_function, mark, owns_weights, store

WIDTH = 96
OF_ATTENTION = ("query", "key", "value")  # what anybody calls them
DEPTH = 3  # of calls inside each other: `F.relu(self.bn1(self.conv1(x)))` is as much as one reads at a glance


class Forward:
    """Writes the body of `forward`, and finds out which attributes it needs."""

    def __init__(self, forms: Forms, form: ModuleForm) -> None:
        self.forms = forms
        self.key = form.key
        self.wide = forms.widths.wide[form.key]
        self.module: Module = form.module
        self.lines: list[str] = []
        self.attributes: dict[str, tuple[Construct, int]] = {}  # label -> how it is built, and how often
        self.variables: dict[str, str] = {}  # value -> variable
        self.nested: dict[str, str] = {}  # value -> expression that its one use will hold; in their order
        self.sizes = Sizes(form.module)
        self.uses = _uses(self.module)
        self._maker = {value: index for index, call in enumerate(self.module.calls) for value in call.outputs}
        self.lasting = _lasting_names(self.module)
        self.bound = _bound_names(self.module)
        self.roles = roles(self.module)
        self.names = self.sizes.names() | forms.function_names(self.key) | {"device", "dtype", "wide"}
        if any(call.chained or self._loops(call) for call in self.module.calls):
            self.names |= {"index", "layer"}  # of the loops
        flow = [] if form.key not in forms.flows else ["x"]
        names = [*flow, *(port.name for port in self.module.inputs[len(flow) :])]
        self.inputs = [self._input(name, port.value) for name, port in zip(names, self.module.inputs, strict=True)]
        self.sizes.inputs = self.inputs
        self._paths: dict[str, str] = {}
        self._busy: set[str] = set()  # variables of a loop that is being written
        self.layout = forms.layout(form.key)
        behind = 0
        for index, call in enumerate(self.module.calls):
            taken = unbinding(self.module, index) if index >= behind else None
            if taken is not None:
                self._unbind(index, taken)
                behind = index + len(taken.calls)
            elif index >= behind:
                self._write(index, call)
        self._return()

    def _input(self, name: str, value: str) -> str:
        text = "x" if name.isdecimal() else variable(name)
        while text in self.names or text in self.variables.values():
            text += "_"
        self.variables[value] = text
        return text

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
        if not call.inputs and not any(self.uses[value] for value in call.outputs):
            return  # a weight that others are tied to: it is built, and nothing is to be computed
        single = len(call.outputs) == 1
        if single and expression is not None and self._nests(index, call, expression):
            self.nested[call.outputs[0]] = expression
            return
        if expression is None and not call.chained:
            return  # a loop, which is written already
        self._flush(expression or "")
        targets = [self._target(index, value) for value in call.outputs]
        if expression is None:
            self._loop(call, targets)
        else:
            self._line(call, f"{self._unpacked(call, targets)} = {expression}")

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
        self.bound = {value: self.roles[value] for value in made if value in self.roles} | self.bound
        targets = [self._target(last, value) for value in made]
        self._line(call, f"{', '.join(targets)} = {text}({taken.dim})")

    def _unpacked(self, call: Call, targets: list[str]) -> str:
        """The variables of the results, as the module gives them; what is not needed is one `_`."""
        submodule = self.forms.submodule(self.key, call) if isinstance(call.callee, Layer) else None
        if submodule is None or submodule.results is None:
            return ", ".join(targets)
        return _fill(submodule.results, targets).replace("(_, _)", "_")

    def _line(self, call: Call, text: str) -> None:
        self.lines.append(f"    {text}" if call.training else text)

    def _expression(self, index: int, call: Call) -> str | None:
        """The expression of a call; None for a repeat and where a loop has been written."""
        if isinstance(call.callee, str):
            return self._module_expression(call)
        lowered = self.forms.lowered(self.key, call)
        return self._composed(call, lowered) if isinstance(lowered, Text) else self._submodule_expression(lowered, call)

    def _composed(self, call: Call, text: Text) -> str:
        """The expression of a layer, with those that wait inside it where none of them needs a variable."""
        marks = {value: mark(index) for index, value in enumerate(call.inputs) if value in self.nested}
        read = [value for value in marks if any(size in self._shape(value) for size in text.sizes.values())]
        alone = once(text.template)
        in_order = [value for value in self.nested if value in marks]
        taken = list(marks) == in_order and not read and all(each in alone for each in marks.values())
        self.forms.sources |= text.sources
        if taken and marks:
            formats = self._formats(call)
            given = [
                compose(f"value_{formats.get(index, '')}", {"value_": self._peek(value)})
                for index, value in enumerate(call.inputs)
            ]
            whole = self._filled(call, text, given)
            if len(whole) <= WIDTH - 10:
                for value in marks:
                    del self.nested[value]
                return whole
        return self._filled(call, text, self._given(call))

    def _filled(self, call: Call, text: Text, given: list[str]) -> str:
        sizer = self._sizer(call)
        sizes = {name: sizer(size) for name, size in text.sizes.items()}
        return compose(text.template, sizes | {mark(index): each for index, each in enumerate(given)})

    def _submodule_expression(self, submodule: Submodule, call: Call) -> str | None:
        assert isinstance(call.callee, Layer)
        if is_function(self.module, call, submodule):
            return self._composed(call, as_text(submodule))
        attribute = self._attribute(call, submodule.constructor, owns_weights(self.module, call))
        if call.count > 1:
            return None
        arguments = self._given(call, range(len(call.inputs) if submodule.call is None else 0))
        return _applied(submodule, attribute, arguments)

    def _module_expression(self, call: Call) -> str | None:
        assert isinstance(call.callee, str)
        form = self.forms.form(call.callee)
        name = form.module.name if form.module.kind != "group" else "group"
        attribute = self._attribute(call, name, self.forms.owns_weights(call.callee))
        if call.routed or (form.kind == "mixture" and form.inline):
            self.forms.sources["mixture"] = MIXTURE
            experts = self._experts(call) if call.routed else attribute
            return f"mixture({', '.join([experts, *self._given(call, range(len(call.inputs)))])})"
        if call.count > 1:
            return None
        if call.scan is not None:
            self._scan(call, call.scan, form.module, attribute)
            return None
        if self._loops(call):
            names = self._given(call)
            (target,) = [self._target(self.module.calls.index(call), value) for value in call.outputs]
            if target != names[0]:
                self._line(call, f"{target} = {names[0]}")
            self._line(call, f"for layer in {attribute}:")
            inputs = self._passed(form.module.calls[0], [target, *names[1:]])
            self._line(call, f"    {target} = layer({', '.join(inputs)})")
            return None
        return f"{attribute}({', '.join(self._passed(call, self._given(call, range(len(call.inputs)))))})"

    def _passed(self, call: Call, given: list[str]) -> list[str]:
        """The arguments of a call, by name where the module has inputs that it is not given."""
        return self.forms.passed(call.callee, given) if isinstance(call.callee, str) else given

    def _experts(self, call: Call) -> str:
        """The experts of a mixture that are no list of their own."""
        stem, _, first = str(call.label).rpartition(".")
        return f"[{self.layout.each(stem)} for index in {turns(first, call.count)}]"

    def _scan(self, call: Call, scan: Scan, module: Module, attribute: str) -> None:
        """A loop that applies a module once for each step; what is not carried is collected and stacked."""
        index = self.module.calls.index(call)
        names = self._given(call)
        self._busy = {self.variables[value] for value in call.inputs}
        places = {each.index: self._fresh(module.inputs[each.index].name) for each in scan.sequences}
        results = [self._fresh(port.name) for port in module.outputs]
        turns = self._turns(call, scan, names, list(places.values()))
        for each in scan.carried:
            self._line(call, f"{results[each.output]} = {names[each.input]}")
            names[each.input] = results[each.output]
        lists = {each.index: self._fresh(_plural(results[each.index])) for each in scan.stacked}
        for name in lists.values():
            self._line(call, f"{name} = []")
        self._line(call, turns)
        given = self._passed(call, [places.get(place, name) for place, name in enumerate(names)])
        self._line(call, f"    {', '.join(results)} = {attribute}({', '.join(given)})")
        for place, name in lists.items():
            self._line(call, f"    {name}.append({results[place]})")
        for each in scan.carried:
            self.variables[call.outputs[each.output]] = results[each.output]
        order = "[::-1]" if scan.backward else ""
        for stacked in scan.stacked:
            text = f"torch.stack({lists[stacked.index]}{order}{f', {stacked.dim}' if stacked.dim else ''})"
            self._line(call, f"{self._target(index, call.outputs[stacked.index])} = {text}")
        self._busy = set()

    def _turns(self, call: Call, scan: Scan, names: list[str], places: list[str]) -> str:
        """`for place in sequence:`."""
        if scan.steps is not None:
            return f"for _ in range({self._sizer(call)(scan.steps)}):"
        walked = [f"{names[each.index]}.unbind({each.dim})" for each in scan.sequences]
        if scan.backward:
            walked = [f"reversed({text})" for text in walked]
        elif len(walked) == 1 and scan.sequences[0].dim == 0:
            walked = [names[scan.sequences[0].index]]
        sequence = walked[0] if len(walked) == 1 else f"zip({', '.join(walked)}, strict=True)"
        return f"for {', '.join(places)} in {sequence}:"

    def _fresh(self, hint: str) -> str:
        """A variable that nothing uses, and that nothing else will take before the end of this call."""
        live = set(self.variables.values()) | self.names | self._busy
        name, number = variable(hint), 1
        while name in live:
            number += 1
            name = f"{variable(hint)}{number}"
        self._busy.add(name)
        return name

    def _loop(self, call: Call, targets: list[str]) -> None:
        """`count` applications in a row of modules that are no list of their own."""
        names = self._given(call)
        for target, name in zip(targets, names, strict=False):
            if target != name:
                self._line(call, f"{target} = {name}")
        labels = list(call.labels)
        stem, _, first = labels[0].rpartition(".")
        inputs = self._passed(call, [*targets, *names[len(targets) :]])
        self._line(call, f"for index in {turns(first, call.count)}:")
        submodule = self.forms.submodule(self.key, call) if isinstance(call.callee, Layer) else None
        applied = _applied(submodule, self.layout.each(stem), inputs)
        self._line(call, f"    {self._unpacked(call, targets)} = {applied}")

    def _attribute(self, call: Call, constructor: str, owns: bool) -> str:
        """The attribute of `self` that a call applies."""
        label = call.label
        assert label is not None, "a module without a label"
        if call.shared and label in self._paths:
            return self._paths[label]
        made = self.forms.constructor(self.key, call)
        assert made is not None
        name = label
        if label.isdecimal() and not owns and call.count == 1:
            name = self._stateless_attribute(constructor.rpartition(".")[2].lower(), made)
        self.attributes[name] = (made, call.count)
        self._paths[label] = self.layout.path(name, store(made.layer))
        return self._paths[label]

    def _stateless_attribute(self, stem: str, made: Construct) -> str:
        """An attribute for a module without weights, whose name is free to choose; equal ones share it."""
        for name, (other, count) in self.attributes.items():
            if other == made and count == 1 and name.startswith(stem):
                return name
        return self._free_attribute(stem)

    def _free_attribute(self, stem: str) -> str:
        labels = {call.label for call in self.module.calls} | set(self.attributes)
        name, number = stem, 1
        while name in labels or name in OF_DICTIONARIES or not is_attribute(name):
            number += 1
            name = f"{stem}{number}"
        return name

    # --- values and variables

    def _given(self, call: Call, once: Collection[int] = ()) -> list[str]:
        """The inputs of a call in the number format that it needs them in; those of these indices are used `once`."""
        to_format = self._formats(call)
        return [
            "None" if not value
            else self._take(value) if index in once and index not in to_format
            else self._name(value, call) + to_format.get(index, "")
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

    def _name(self, value: str, call: Call) -> str:
        """The variable of a value; an expression, and those that have waited longer, get lines of their own first."""
        if value in self.nested:
            self._flush(until=value)
        return self.variables[value]

    def _flush(self, beside: str = "", until: str | None = None) -> None:
        """Give every expression that waits a line, or those up to a value; `beside` is a text that goes on waiting."""
        for value in list(self.nested):
            expression = self.nested.pop(value)
            index = self._maker[value]
            call = self.module.calls[index]
            self._line(call, f"{self._target(index, value, beside)} = {expression}")
            if value == until:
                return

    def _nests(self, index: int, call: Call, expression: str) -> bool:
        """Whether a result may stand inside the expression of the next call."""
        value = call.outputs[0]
        uses = self.uses[value]
        if call.chained or len(uses) != 1:
            return False
        if uses == [len(self.module.calls)]:
            alone = index + 1 == uses[0] and len(self.module.outputs) == 1
            return alone and not call.training
        if value in self.bound or len(expression) > WIDTH - 30 or expression.count("(") >= DEPTH:
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

    def _target(self, index: int, value: str, beside: str = "") -> str:
        """The variable that takes a value made by call `index`; those in `beside` are needed as they are."""
        uses = self.uses[value]
        if not uses:
            self.variables[value] = "_"
            return "_"
        known = {
            other: used for other, used in self.uses.items() if used and other != value and other in self.variables
        }
        live = {self.variables[other] for other, used in known.items() if used[-1] > index}
        live |= self._busy | self._kept(index)
        waiting = set(re.findall(r"\w+", " ".join([beside, *self.nested.values()])))
        label, bound = self.lasting.get(value), self.bound.get(value)
        if bound is None and self.roles.get(value) in OF_ATTENTION:
            bound = self.roles[value]
        if bound is not None:
            choices = [bound]
        elif label is not None and (len(uses) > 1 or uses[-1] > index + 1):
            choices = [label]
        else:
            choices = [*dict.fromkeys([*self.inputs[:1], "x", "y", "z"])]
            choices = [name for name in choices if len(name) == 1] or ["x"]
        number = 1
        stem = choices[0]
        while True:
            for name in choices:
                if name not in live and name not in self.names and name not in waiting:
                    self.variables[value] = name
                    return name
            number += 1
            choices = [f"{stem}{number}"]

    def _kept(self, index: int) -> set[str]:
        """The variables that a loop, if call `index` is one, reads again at every turn."""
        call = self.module.calls[index]
        loops = call.chained or self._loops(call)
        return {self.variables[value] for value in call.inputs[1:] if value in self.variables} if loops else set()

    def _sizer(self, call: Call) -> Callable[[Size], str]:
        """The spelling of a size in a row of this call: by the shape of an input at hand, or one that is read first."""

        def size(wanted: Size) -> str:
            for value in call.inputs:
                if not isinstance(wanted, int) and value in self.variables and wanted in self._shape(value):
                    return f"{self.variables[value]}.shape[{self._shape(value).index(wanted)}]"
            try:
                return self.sizes.text(wanted)
            except SizeNotGiven as problem:
                layer = getattr(call.callee, "kind", "this")
                reason = f"{problem} of {self.module.name}"
                raise SpecError.of(NotInTorch(None, layer, call.label or call.outputs[0], reason)) from None

        return size

    def _shape(self, value: str) -> tuple[Size, ...]:
        return self.module.values[value].shape

    # --- the end

    def _return(self) -> None:
        outputs = self.module.outputs
        always = [port for port in outputs if not port.training]
        if len(always) != len(outputs):
            self._flush()
            self.lines.append("if self.training:")
            self.lines.append(f"    return {', '.join(map(self._result, outputs))}")
        text = ", ".join(map(self._result, always))
        self.lines.append(f"return {text}")
        # what exists in training only may be weights that nothing is computed of here
        following = [*self.lines[1:], ""]
        self.lines = [
            line
            for line, next_line in zip(self.lines, following, strict=True)
            if line != "if self.training:" or next_line.startswith("    ")
        ]
        self._read_formats()
        self.lines[:0] = self.sizes.lines()

    def _result(self, port: Port) -> str:
        if port.value not in self.wide or not self.forms.widths.rounds(self.key, self.module.outputs.index(port)):
            return self._take(port.value)
        self._flush()
        return f"{self.variables[port.value]}.to(dtype)"

    def _read_formats(self) -> None:
        """Read where the tensors at hand are, and of which type their floats, for tensors made from nothing."""
        text = "\n".join(self.lines)
        device, dtype, wide = (re.search(rf"(?<![\w.]){word}(?![\w=])", text) for word in ("device", "dtype", "wide"))
        like = self._like() if dtype or wide or (device and not self.inputs) else ""
        if device:
            self.sizes.read["device"] = f"{self.inputs[0] if self.inputs else like}.device"
        if dtype:
            self.sizes.read["dtype"] = f"{like}.dtype"
        if wide:
            own = "dtype" if dtype else f"{like}.dtype"
            self.sizes.read["wide"] = f"torch.promote_types({own}, torch.float32)"

    def _like(self) -> str:
        """A tensor in the number format of the model: an input, a parameter, or else a buffer for this alone."""
        for name, port, type in zip(self.inputs, self.module.inputs, self.module.input_types, strict=True):
            if type.dtype == "float" and port.value not in self.wide:
                return name
        if self.forms.owns_parameters(self.key):
            return "next(self.parameters())"
        name = self._free_attribute("like")
        self.attributes[name] = (Construct("nn.Buffer", (Raw("torch.zeros(())"),), {"persistent": False}), 1)
        return f"self.{name}"


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


def _uses(module: Module) -> dict[str, list[int]]:
    """For every value the indices of the calls that use it, once for each use; the outputs count as a last call."""
    uses: dict[str, list[int]] = {name: [] for name in module.values}
    for index, call in enumerate(module.calls):
        for value in call.inputs:
            if value:
                uses[value].append(index)
    for port in module.outputs:
        uses[port.value].append(len(module.calls))
    return uses


def _plural(name: str) -> str:
    """The name of a list of what this names."""
    return f"all_{name}" if name.endswith("s") else f"{name}s"


def _lasting_names(module: Module) -> dict[str, str]:
    """Names for values that are needed for long: that of the output they are, or the label of their step."""
    names = {value: _lower(variable(value)) for call in module.calls if call.label and not call.label.isdecimal()
             for value in call.outputs}  # fmt: skip
    return names | {port.value: variable(port.name) for port in module.outputs if port.name != "output"}


def _lower(name: str) -> str:
    """A label of several capitalised words as a variable: `layer_norm` for LayerNorm."""
    capitalised = re.fullmatch(r"(?:[A-Z][a-z]+)+\d*", name)
    return variable(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()) if capitalised else name


def _bound_names(module: Module) -> dict[str, str]:
    """The variables that a person would have, too: the names that the spec binds values to."""
    found = {value: bound_name(call, value) for call in module.calls for value in call.outputs}
    return {value: variable(name) for value, name in found.items() if name is not None}

"""The form of each module in PyTorch: a sequence, a list that is looped over, experts, or a class of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from nnspec.cached import cached_property
from nnspec.ir import Call, Program
from nnspec.ir.bound import bound_name
from nnspec.ir.state import Totals, totals
from nnspec.layers.base import Layer
from nnspec.layers.computed import Computed
from nnspec.to_torch.computed import computed_text, function_name
from nnspec.to_torch.construct import Construct, ModuleOf, Times
from nnspec.to_torch.family import families
from nnspec.to_torch.layout import Child, Layout, layout
from nnspec.to_torch.names import is_attribute
from nnspec.to_torch.origins import Origins, Site
from nnspec.to_torch.row import Raw, Submodule
from nnspec.to_torch.uses import INITIALISE, Text, ask, construct, initialises, is_function, owns_weights, store
from nnspec.to_torch.widths import Widths


class Forms:
    """The forms of all modules of a program, each made once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._plans: dict[str, ModuleForm] = {}
        self.widths = Widths(program)
        self.repeated = {call.callee for module in program.modules.values() for call in module.calls if call.count > 1}
        self._totals: dict[str, Totals] = {}
        self.families = families(program)
        self.flows = _flows(program) - set(self.families)
        self._layouts: dict[str, Layout] = {}
        self.sources: dict[str, str] = {}  # text of the classes that rows bring along, by name
        self.origins = Origins(program)
        self._asked: dict[Site, Submodule | Text] = {}

    def form(self, key: str) -> ModuleForm:
        """The form of a module."""
        if key not in self._plans:
            self._plans[key] = ModuleForm(self, key)
        return self._plans[key]

    def passed(self, key: str, given: list[str]) -> list[str]:
        """The arguments of a call of a module, from its inputs."""
        family = self.families.get(key)
        names = [port.name for port in self.program.modules[key].inputs]
        return family.passed(names, given) if family else given

    def layout(self, key: str) -> Layout:
        """The containers in the class of a module: those of its family have one."""
        keys = self.families[key].keys if key in self.families else (key,)
        first = self.program.modules[keys[0]]
        if keys[0] not in self._layouts:
            children = {label: child for each in keys for label, child in self._children(each)}
            self._layouts[keys[0]] = layout(children, first.order)
        return self._layouts[keys[0]]

    def _children(self, key: str) -> Iterator[tuple[str, Child]]:
        """The attributes of a class with the labels of their calls: what owns no weights may have another name."""
        module = self.program.modules[key]
        for call in module.calls:
            if call.label is None or call.shared:
                continue
            if isinstance(call.callee, str):
                owns, kept = self.owns_weights(call.callee), store(None)
            else:
                submodule = self.submodule(key, call)
                if submodule is None or is_function(module, call, submodule):
                    continue
                owns, kept = owns_weights(module, call), store(call.callee)
            if owns or call.count > 1 or not call.label.isdecimal():
                yield call.label, Child(kept, call.count)

    def owns_weights(self, key: str) -> bool:
        """Whether there is a weight below a module."""
        return self.owns_parameters(key) or bool(self._totals[key].buffers)

    def owns_parameters(self, key: str) -> bool:
        """Whether there is a parameter below a module."""
        if not self._totals:
            self._totals = totals(self.program)
        return bool(self._totals[key].parameters or self.program.modules[key].ties)

    def lowered(self, key: str, call: Call) -> Submodule | Text:
        """The lowering of a layer's call."""
        site = key, call.outputs[0]
        if site not in self._asked:
            layer, origins = self.origins.layer(key, call), self.origins
            results = tuple(type for type in origins.types(key, call.outputs) if type is not None)
            dtype = "wide" if call.outputs[0] in self.widths.wide[key] else "dtype"
            types = origins.types(key, call.inputs)
            self._asked[site] = ask(layer, call.label or call.outputs[0], types, results, dtype)
        return self._asked[site]

    def submodule(self, key: str, call: Call) -> Submodule | None:
        """The submodule of a layer's call; None where the layer is written as text."""
        found = self.lowered(key, call)
        return found if isinstance(found, Submodule) else None

    def function_names(self, key: str) -> set[str]:
        """The names of the functions that the rows of a module bring along: no variable may hide them."""
        layers = [call for call in self.program.modules[key].calls if isinstance(call.callee, Layer)]
        given = [self.lowered(key, call) for call in layers]
        return {name for each in given if isinstance(each, Text) for name in each.sources}

    def constructor(self, key: str, call: Call) -> Construct | None:
        """The construction of the module that a call applies; None if it is no module."""
        if isinstance(call.callee, str):
            return self._of_module(key, call, self.form(call.callee).constructor)
        submodule = self.submodule(key, call)
        if submodule is None:
            return None
        if submodule.source:
            self.sources[submodule.constructor] = submodule.source
        arguments = tuple(self._argument(key, x, call) for x in submodule.arguments)
        made = construct(submodule.replace(arguments=arguments), call.callee)
        if initialises(made):
            self.sources["initialise"] = INITIALISE
        return made

    def _of_module(self, key: str, call: Call, made: Construct) -> Construct:
        """The construction with the numbers that this call gives, as the module of the call has them."""
        if not isinstance(made.name, ModuleOf):
            return made
        given = self.origins.given.get((key, call.outputs[0]))
        if given is not None:
            numbers = {name: self.origins.number(each.value, each.text) for name, each in given.items()}
        else:  # a group, in the words of the block around it
            numbers = {name: self.origins.number(number, name) for name, number in self.origins.numbers[key].items()}
        return Construct(made.name.replace(given=numbers))

    def _argument(self, key: str, value: Any, call: Call) -> Any:
        """An argument of a constructor; a tensor that follows from constants is an expression."""
        if isinstance(value, Computed):
            value = self._computed(key, value, call)
        return (self.origins.marks.template(value.text) or value) if isinstance(value, Raw) else value

    def _computed(self, key: str, value: Computed, call: Call) -> Raw:
        """The expression of a tensor that is computed where the module is built."""
        text = computed_text(value, lambda step: self.origins.layer(key, step))
        self.sources.update(text.sources)
        if not text.lines:
            return Raw(text.result)
        text = computed_text(value)  # a function has numbers
        name = function_name(str(call.label), self.sources, text)
        self.sources[name] = text.function(name)
        return Raw(f"{name}()")


def _flows(program: Program) -> set[str]:
    """The groups whose first input has no name besides that of the step that it comes from."""
    found: set[str] = set()
    for module in program.modules.values():
        makers = {value: call for call in module.calls for value in call.outputs}
        for call in module.calls:
            first = call.inputs[0] if call.inputs else ""
            if isinstance(call.callee, str) and program.modules[call.callee].kind == "group" and first in makers:
                found |= {call.callee} if bound_name(makers[first], first) is None else set()
    return found


class ModuleForm:
    """The form of one module."""

    def __init__(self, forms: Forms, key: str) -> None:
        self.forms = forms
        self.key = key
        self.module = forms.program.modules[key]

    @cached_property
    def kind(self) -> Literal["sequence", "loop", "mixture", "class"]:
        """`sequence`: nn.Sequential. `loop`: nn.ModuleList, applied in turn with the same further inputs.

        `mixture`: nn.ModuleList of experts.
        """
        module = self.module
        if module.calls and module.calls[0].routed:
            return "mixture" if self.key not in self.forms.repeated else "class"
        chain = module.inputs and module.calls and len(module.outputs) == 1 and self._is_chain()
        if module.ties or module.order or not chain or self.key in self.forms.families:
            return "class"
        if any(self._item(call) is None or self.forms.widths.rounded(self.key, call) for call in module.calls):
            return "class"
        if len(module.inputs) == 1:
            return "sequence" if self._positions() or self._named() else "class"
        loops = module.kind == "group" and self._positions() and self.key not in self.forms.repeated
        return "loop" if loops and all(map(self._is_applied_whole, module.calls)) else "class"

    def _is_applied_whole(self, call: Call) -> bool:
        """Whether a call applies a module that has a `forward`, which a list has not."""
        return isinstance(call.callee, str) and self.forms.form(call.callee).kind not in ("loop", "mixture")

    def _is_chain(self) -> bool:
        """Whether every call takes the result of the one before, and beside it the further inputs, unchanged."""
        flow, *rest = [port.value for port in self.module.inputs]
        for call in self.module.calls:
            plain = (
                call.label is not None and not (call.shared or call.training or call.scan) and len(call.outputs) == 1
            )
            if not plain or call.inputs != (flow, *rest):
                return False
            flow = call.outputs[0]
        return self.module.outputs[0].value == flow

    def _item(self, call: Call) -> Construct | Times | None:
        if isinstance(call.callee, Layer):
            submodule = self.forms.submodule(self.key, call)
            if submodule is None or submodule.call is not None:
                return None
        made = self.forms.constructor(self.key, call)
        return Times(made, self.forms.origins.count(self.key, call)) if made is not None and call.count > 1 else made

    def _positions(self) -> bool:
        """Whether the labels are the positions."""
        position = 0
        for call in self.module.calls:
            if call.label != str(position):
                return False
            position += call.count
        return True

    def _named(self) -> bool:
        return all(call.label is not None and is_attribute(call.label) and call.count == 1 for call in self.calls)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of the module."""
        return self.module.calls

    @cached_property
    def items(self) -> Construct:
        """The arguments of nn.Sequential or nn.ModuleList, in a constructor without a name."""
        items = [self._item(call) for call in self.calls]
        if self._positions():
            return Construct("", tuple(items))
        named = {str(call.label): item for call, item in zip(self.calls, items, strict=True)}
        return Construct("", (Construct("OrderedDict", (), named),))

    @property
    def inline(self) -> bool:
        """Whether it is written where it is used, and is no class."""
        return self.module.kind == "group" and self.kind != "class"

    @property
    def is_sequential_class(self) -> bool:
        """Whether it is a class that extends nn.Sequential: a block or model of unlabelled steps in a row."""
        return self.kind == "sequence" and not self.inline and self._positions()

    @cached_property
    def constructor(self) -> Construct:
        """The construction of one."""
        if not self.inline:
            return Construct(ModuleOf(self.key))
        if self.kind == "sequence":
            return Construct("nn.Sequential", self.items.arguments)
        return Construct("nn.ModuleList", (Construct("[]", self.items.arguments),))

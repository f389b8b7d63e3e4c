"""The classes of the generated source: modules that agree in all but numbers share one, as a person would write it.

The numbers that differ become parameters of `__init__`, named after the arguments of the block, or after the sizes
that they are (`in_channels`), or written as a multiple of one (`4 * width`).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

from nnspec.ir import Module
from nnspec.to_torch.breaking import broken
from nnspec.to_torch.building import by_position, documentation, hoisted, statements, ties
from nnspec.to_torch.compose import compose
from nnspec.to_torch.construct import Construct, ModuleOf, Times, merge, render, shape
from nnspec.to_torch.family import Family
from nnspec.to_torch.form import Forms, ModuleForm
from nnspec.to_torch.formula import names
from nnspec.to_torch.forward import Forward
from nnspec.to_torch.literals import Literals, factors
from nnspec.to_torch.names import TAKEN, in_order, is_attribute, variable
from nnspec.to_torch.number import Template, plain
from nnspec.to_torch.parameters import Parameters
from nnspec.to_torch.remarks import Shape, remark, remarked
from nnspec.to_torch.row import Raw
from nnspec.to_torch.words import Words


class ClassText:
    """The text of one module, before it is known which numbers its class takes."""

    def __init__(self, forms: Forms, form: ModuleForm) -> None:
        self.form = form
        self.module: Module = form.module
        self.forward: tuple[str, ...] = ()
        self.inputs: tuple[str, ...] = ()
        self.sizes: tuple[str, ...] = ()  # variables for sizes that `forward` reads first
        self.shapes: dict[int, Shape] = {}  # of what its lines give, where a comment would help
        self.attributes: dict[str, tuple[Construct, int]] = {}
        if form.is_sequential_class:
            self.attributes = {"": (form.items, 1)}
            return
        forward = Forward(forms, form)
        self.forward, self.inputs, self.attributes = (
            tuple(forward.lines),
            tuple(forward.inputs),
            forward.attributes.built,
        )
        self.sizes, self.shapes = tuple(forward.sizes.read), forward.shapes
        self.attributes = {label: self.attributes[label] for label in in_order(self.module.order, self.attributes)}

    def modules(self) -> list[str]:
        """The keys of the modules that it builds."""
        return [key for made, _ in self.attributes.values() for key in _modules(made)]


def _modules(value: Any) -> list[str]:
    if isinstance(value, Times):
        return _modules(value.item)
    if not isinstance(value, Construct):
        return []
    own = [value.name.key] if isinstance(value.name, ModuleOf) else []
    inner = [*value.arguments, *value.keywords.values()]
    return own + [key for item in inner for key in _modules(item)]


class Classes:
    """Groups the modules of a program into classes; each is written once all its uses are known."""

    def __init__(self, forms: Forms) -> None:
        self.forms = forms
        self.written: dict[str, ClassText] = {}
        self._shapes: dict[str, Hashable] = {}
        self.texts: list[str] = []
        self._names: dict[str, str] = {}  # module key -> class name
        self._arguments: dict[str, dict[str, Any]] = {}  # module key -> arguments of its class
        self._taken: set[str] = set()
        self._apart: set[Hashable] = set()  # what classes are apart for the numbers in `forward`
        self._literals = Literals(forms.origins.marks)
        self._words = Words(forms.origins)
        self._defaults: dict[str, set[str]] = {}  # class name -> parameters that are always the same
        self._of_block: dict[str, dict[str, str]] = {}  # module key -> what the block calls its parameters

    def write(self) -> list[str]:
        """The source of all classes, each after those that it uses."""
        program = self.forms.program
        self._collect(program.entry)
        groups = self._groups()
        self._taken = set(self.forms.sources)
        names = self._choose_names(groups)
        for keys, name in zip(groups, names, strict=True):
            self.texts.append(self._class(keys, name))
        return self.texts

    def _groups(self) -> list[list[str]]:
        """The modules that share a class."""
        while True:
            groups: dict[Hashable, list[str]] = {}
            for key in self.forms.program.order:
                if key in self.written:
                    groups.setdefault(self._shape(key), []).append(key)
            together = [keys for keys in groups.values() if len(keys) > 1]
            apart = {self._plain(keys[0]) for keys in together if self._named(keys, self._parameters(keys)) is None}
            if not apart:
                return list(groups.values())
            self._apart |= apart
            self._shapes.clear()

    def _plain(self, key: str) -> Hashable:
        """The class of a module without the numbers in its `forward`."""
        one = self.written[key]
        return one.module.name, one.inputs, self._literals.hidden(_without_names(one.forward, one.sizes))

    def _parameters(self, keys: list[str]) -> Parameters:
        return Parameters(self.forms.origins, keys, self._words.of)

    def _named(self, keys: list[str], parameters: Parameters) -> dict[int, Raw] | None:
        """The names of the numbers in `forward` that differ, by their places; None where one has none."""
        first = self.written[keys[0]]
        scales = factors(first.forward)
        named: dict[int, Raw] = {}
        children = {label.partition(".")[0] for label in first.attributes}
        for place, values in self._literals.columns([self.written[key].forward for key in keys]).items():
            differ = len(set(plain(values))) > 1
            text = parameters.in_forward(values)
            if text is None and differ and place in scales and not isinstance(values[0], int):
                text = parameters.name(values, "scale")
            free = text is not None and all(is_attribute(name) and name not in children for name in names(text.text))
            if differ and not free:
                return None
            if text is not None and free:
                named[place] = text
        return named

    @property
    def names(self) -> Mapping[str, str]:
        """The names of the classes by the keys of the modules; one that is written inside another has none."""
        return self._names

    @property
    def entry_name(self) -> str:
        """The class of the model itself."""
        return self._names[self.forms.program.entry]

    def exact(self, key: str) -> Hashable:
        """Equal for modules one of which could stand in the place of the other."""
        self._collect(key)
        one = self.written[key]
        attributes = tuple((label, self._exact(made), count) for label, (made, count) in one.attributes.items())
        return one.module.name, one.inputs, self._literals.shown(one.forward), attributes, one.module.ties

    def _exact(self, value: Any) -> Hashable:
        if isinstance(value, Times):
            return "times", self._exact(value.item), plain(value.count)
        if isinstance(value, Template):
            return value.filled([repr(plain(number)) for number in value.numbers])
        if not isinstance(value, Construct):
            return repr(plain(value))
        name = self.exact(value.name.key) if isinstance(value.name, ModuleOf) else value.name
        keywords = tuple((keyword, self._exact(item)) for keyword, item in value.keywords.items())
        return name, tuple(map(self._exact, value.arguments)), keywords

    def _collect(self, key: str) -> None:
        if key in self.written:
            return
        self.written[key] = ClassText(self.forms, self.forms.form(key))
        for inner in self.written[key].modules():
            self._collect(inner)
        family = self.forms.families.get(key)
        if family is not None and all(other in self.written for other in family.keys):
            self._join(family)
        for other in family.keys if family is not None else ():
            self._collect(other)

    def _join(self, family: Family) -> None:
        """Let the modules of a family have one `forward`, which computes by the inputs that it gets."""
        members = [self.written[key] for key in family.keys]
        lines: list[str] = []
        for member in members:
            names = [port.name for port in member.module.inputs]
            own = zip(member.inputs, map(variable, names), strict=True)
            body = [*(f"{name} = {given}" for name, given in own if name != given), *member.forward]
            last = member is members[-1]
            lines += body if last else [f"if {family.condition(names)}:", *(f"    {line}" for line in body)]
        known = [dict(member.attributes) for member in members]
        for member in members:
            member.forward, member.inputs = tuple(lines), tuple(family.signature)
            for attributes in known:
                member.attributes = attributes | member.attributes
            member.attributes = {x: member.attributes[x] for x in in_order(member.module.order, member.attributes)}

    def _shape(self, key: str) -> Hashable:
        """Equal for modules that can share a class."""
        if key not in self._shapes:
            one = self.written[key]
            attributes = tuple(
                (label, shape(made, self._shape), count) for label, (made, count) in one.attributes.items()
            )
            ties = tuple((tie.parameter, tie.source) for tie in one.module.ties)
            hidden = self._plain(key)
            apart = hidden in self._apart or key in self.forms.families
            kept = self._literals.shown(one.forward) if apart else hidden
            self._shapes[key] = (one.module.name, one.inputs, kept, attributes, ties)
        return self._shapes[key]

    def _choose_names(self, groups: list[list[str]]) -> list[str]:
        """A name for every class: its block's, and what its plainest form lacks (`BottleneckWithDownsample`)."""
        by_name: dict[str, list[int]] = {}
        for index, keys in enumerate(groups):
            by_name.setdefault(variable(self.written[keys[0]].module.name), []).append(index)
        chosen = [""] * len(groups)
        for name, indices in by_name.items():
            labels = {index: set(self.written[groups[index][0]].attributes) for index in indices}
            plainest = min(indices, key=lambda index: (len(labels[index]), index))
            for index in sorted(indices, key=lambda index: index != plainest):
                further = labels[index] - labels[plainest]
                suffix = f"With{_capitalised(*further)}" if len(further) == 1 and len(indices) == 2 else ""
                chosen[index] = self._free(variable(name + suffix))
        return chosen

    def _free(self, name: str) -> str:
        own, number = name, 1
        while own in self._taken or own in TAKEN:
            number += 1
            own = f"{name}{number}"
        self._taken.add(own)
        return own

    # --- one class

    def _class(self, keys: list[str], name: str) -> str:
        for key in keys:
            self._names[key] = name
        parameters = self._parameters(keys)
        numbers = self._named(keys, parameters) or {}
        kept = [name for name in parameters.chosen if any(name in names(raw.text) for raw in numbers.values())]
        first = self.written[keys[0]]
        merged = {
            label: self._called(
                merge([self._resolve(self.written[key].attributes[label][0]) for key in keys], parameters.name)
            )
            for label in first.attributes
        }
        chosen = parameters.in_order()
        for index, key in enumerate(keys):
            self._arguments[key] = {name: values[index] for name, values in chosen.items()}
            self._of_block[key] = parameters.of_block
        defaults = parameters.defaults(chosen)
        self._defaults[name] = set(defaults)
        declared = [*(name for name in chosen if name not in defaults), *(f"{n}={v!r}" for n, v in defaults.items())]
        init = [f"    def __init__({', '.join(['self', *declared])}):"]
        computed, merged = hoisted(merged, chosen)
        if first.form.is_sequential_class:
            items = [f"            {render(item, 12)}," for item in merged[""].arguments]
            body = [*init, *computed, "        super().__init__(", *items, "        )"]
            head = f"class {name}(nn.Sequential):\n"
        else:
            layout = self.forms.layout(keys[0])
            head = f"class {name}({layout.kind('')}):\n"
            stored = [f"        self.{name} = {name}" for name in kept]
            built = [*stored, *computed, *statements(first.attributes, merged, layout), *ties(first.module, layout)]
            forward = [f"    def forward({', '.join(['self', *first.inputs])}):"]
            body = [*init, "        super().__init__()", *built, ""] if built else []
            body += [*forward, *(f"        {line}" for line in self._forward(keys, parameters, numbers))]
        lines = [piece for line in "\n".join(body).split("\n") for piece in broken(line)]
        return head + documentation(first.module.documentation) + "\n".join(lines) + "\n"

    def _forward(self, keys: list[str], parameters: Parameters, numbers: dict[int, Raw]) -> list[str]:
        """The lines of `forward`, over what the module keeps of its parameters."""
        lines = self._literals.replaced(self.written[keys[0]].forward, _kept(numbers))
        shapes = [self.written[key].shapes for key in keys]
        done, told = list[str](), ""
        for place, line in enumerate(lines):
            known = [each[place] for each in shapes if place in each]
            comment = remark(known, parameters) if len(known) == len(keys) else ""
            done += remarked(line, comment) if comment and comment != told else [line]
            told = comment or told
        return done

    def _resolve(self, value: Any) -> Any:
        """The value with classes in the place of modules, and their arguments."""
        if isinstance(value, Times):
            return Times(self._resolve(value.item), value.count)
        if not isinstance(value, Construct):
            return value
        if isinstance(value.name, ModuleOf):
            key, given = value.name.key, value.name.given
            words = self._of_block[key]
            own, known = self._names[key], self._arguments[key]
            told = [name for name in known if name not in self._defaults[own]]
            return Construct(own, keywords={name: given.get(words.get(name, ""), known[name]) for name in told})
        keywords = {name: self._resolve(item) for name, item in value.keywords.items()}
        return Construct(value.name, tuple(map(self._resolve, value.arguments)), keywords, value.layer)

    def _called(self, value: Any) -> Any:
        """The value with the first arguments of our own classes by position."""
        if isinstance(value, Times):
            return Times(self._called(value.item), value.count)
        if not isinstance(value, Construct):
            return value
        if value.name in self._defaults:
            return by_position(value)
        keywords = {name: self._called(item) for name, item in value.keywords.items()}
        return Construct(value.name, tuple(map(self._called, value.arguments)), keywords)


def _without_names(lines: tuple[str, ...], sizes: tuple[str, ...]) -> list[str]:
    """The lines with signs for variables of sizes, which have the names of symbols."""
    signs = {name: f"size{index}_" for index, name in enumerate(sizes) if name not in ("device", "dtype", "wide")}
    pattern = rf"(?<![\w.])(?:{'|'.join(map(re.escape, signs))})(?![\w=(])"
    return [re.sub(pattern, lambda found: signs[found[0]], line) for line in lines] if signs else list(lines)


def _kept(numbers: dict[int, Raw]) -> dict[int, str]:
    """The expressions over parameters as `forward` has them, where the module keeps these."""
    texts = {place: raw.text for place, raw in numbers.items()}
    return {place: compose(text, {name: f"self.{name}" for name in names(text)}) for place, text in texts.items()}


def _capitalised(label: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[._]", label))

"""What can be wrong with the meaning of a spec: one class a mistake, its docstring is its page."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Label, Span


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


CHOOSE = "of several results, one is chosen by its number or its name: parts[0], lstm.state"


def _first_line(text: str) -> str:
    """A line of a spec as help shows it."""
    line, _, more = text.partition("\n")
    return f"{line.rstrip()} ..." if more else line


class UnknownName(Diagnostic):
    """A name is used that nothing around it declares.

    Layers, blocks and models begin with a capital and are spelt exactly (`Conv2d`, not `Conv2D`). Values, labels and
    `let` names are known from the line that makes them on, in their body and the groups inside it.
    """

    code = "E0201"
    name: str
    suggestion: str | None = None
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"nothing here is called `{self.name}`"

    @property
    def label(self) -> str:
        return f"did you mean `{self.suggestion}`?" if self.suggestion else ""

    @property
    def help(self) -> str | None:
        return self.advice or (f"write `{self.suggestion}`" if self.suggestion else self._way())

    def _way(self) -> str:
        if self.name[:1].isupper():
            return f'declare it: block {self.name} {{ ... }}, or import it: import {self.name} from "file.nn"'
        return f"make it before it is used: {self.name} = ..., or let {self.name} = ..."


class AlreadyDeclared(Diagnostic):
    """Two things have one name, or one label lies inside another.

    A label is the path of a module and of its weights, so each may stand once in its scope, and a step may not be
    labelled `a.b` where another is labelled `a`.
    """

    code = "E0202"
    name: str
    first: Span | None = None
    is_label: bool = False

    @property
    def message(self) -> str:
        return f"`{self.name}` is already taken"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.first, "by this one"),) if self.first else ()

    @property
    def help(self) -> str | None:
        if self.is_label:
            return "choose another label; to apply the same module again, write its label after an arrow"
        return "choose another name"


class MergeMismatch(Diagnostic):
    """The branches that are added, multiplied or concatenated do not have shapes that fit.

    `residual { ... }` adds the incoming value (or what `skip { ... }` makes of it) to the end of its body: both must
    have the same shape. Give the body as many channels and the same stride as the incoming value, or project the skip.
    """

    code = "E0203"
    what: str
    shapes: tuple[str, ...]
    reason: str
    branches: tuple[Label, ...] = ()
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the branches of this {self.what} do not have the same shape"

    @property
    def label(self) -> str:
        return f"{self.reason}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return self.branches

    @property
    def help(self) -> str | None:
        return self.advice or "let all branches end with the same shape"


class ShapeMismatch(Diagnostic):
    """A shape in brackets does not agree with the value that arrives there.

    In `-> [N, 512, 7, 7]` the numbers and known names must equal the dimensions of the value; new names are bound.
    """

    code = "E0204"
    expected: str
    actual: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the value here is {self.actual}, not {self.expected}"

    @property
    def label(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        return self.advice or f"write {self.actual}, or change the steps before it"


class LayerInput(Diagnostic):
    """A layer cannot take the value that arrives: wrong number of dimensions, element type, or a size that does
    not fit.

    The message says what the layer needs and what it gets; `nnspec explain LAYER` shows the layer's rules.
    """

    code = "E0205"
    layer: str
    problem: str
    advice: str | None = None
    incoming: Label | None = None
    kind: str = ""

    @property
    def message(self) -> str:
        return f"{self.layer}: {self.problem}" if self.layer[:1].isalpha() else f"{self.layer} {self.problem}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (self.incoming,) if self.incoming else ()

    @property
    def help(self) -> str | None:
        return self.advice or f"`nnspec explain {self.kind or self.layer}` says what it takes"


class LayerArgument(Diagnostic):
    """An argument has a value that the layer, block or function cannot take."""

    code = "E0206"
    callee: str
    argument: str
    problem: str
    signature: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee}: {self.argument}{'' if self.problem.startswith(':') else ' '}{self.problem}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return self.advice or f"`nnspec explain {self.signature.partition('(')[0]}` says what it takes"


class UnknownArgument(Diagnostic):
    """A layer, block or model has no parameter of this name, or takes fewer by position.

    Sizes that follow from the incoming value (`in_channels`, `num_features`, ...) are not written in a spec.
    """

    code = "E0207"
    callee: str
    argument: str
    signature: str
    suggestion: str | None = None
    inferred: bool = False
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} has no parameter {self.argument}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        if self.advice:
            return self.advice
        if self.inferred:
            return f"leave it out: {self.argument} follows from the incoming value"
        return f"did you mean `{self.suggestion}`?" if self.suggestion else "remove it"


class TooManyArguments(Diagnostic):
    """A layer, block or model gets more arguments by position than it takes; the others are given by name.

    Of a layer, those arguments go by position that say what it is: `Conv2d(64, 3)` has 64 channels and a kernel of 3,
    `MaxPool2d(2)` a kernel of 2. How it does that goes by name: `stride = 2`, `eps = 1e-6`, `bias = false`.
    """

    code = "E0227"
    callee: str
    takes: int
    signature: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} takes {self.takes or 'no'} argument{'' if self.takes == 1 else 's'} by position"

    @property
    def label(self) -> str:
        return "one too many"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return self.advice or "remove it, or give it by name"


class InferredArgument(Diagnostic):
    """A size is given by position that follows from the incoming value, as in torch's `BatchNorm2d(16)`.

    What torch calls `in_channels`, `in_features`, `num_features`, `num_channels`, `normalized_shape`, `embed_dim` and
    `input_size` is the size of the value that arrives, and is not written.
    """

    code = "E0233"
    callee: str
    size: str
    written: str | None
    signature: str

    @property
    def message(self) -> str:
        return f"{self.callee} infers its {self.size}"

    @property
    def label(self) -> str:
        return "this is the size of what arrives"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return f"write `{self.written}`" if self.written else "leave it out"


class RepeatedArgument(Diagnostic):
    """An argument is given twice: by position and by name, or by name twice."""

    code = "E0228"
    callee: str
    argument: str
    signature: str = ""
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} gets {self.argument} a second time"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",) if self.signature else ()

    @property
    def help(self) -> str | None:
        return self.advice or "give each argument once"


class MissingArgument(Diagnostic):
    """A layer, block or model needs an argument that is not given."""

    code = "E0208"
    callee: str
    argument: str
    signature: str

    @property
    def message(self) -> str:
        return f"{self.callee} needs {self.argument}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return f"write {self.callee}({self.argument} = ...)"


class WrongInputs(Diagnostic):
    """A step gets more or fewer tensors than it takes.

    A tuple feeds a step with several inputs: `(x, skip) -> Up(128)`. Optional inputs are passed by name.
    """

    code = "E0209"
    callee: str
    takes: str
    given: int
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} takes {self.takes}, and gets {self.given}"

    @property
    def help(self) -> str | None:
        if self.advice:
            return self.advice
        return f"feed it with a tuple: (a, b) -> {self.callee}" if self.given < 2 else f"give it fewer: {CHOOSE}"


class NoValue(Diagnostic):
    """A step needs an incoming value, and there is none: no `input` stands before it, or what was there has no
    result.
    """

    code = "E0210"
    what: str
    advice: str = "declare one first: input image: float[N, 3, 224, 224]"

    @property
    def message(self) -> str:
        return f"{self.what} needs a value, and none flows here"


class BindingWithoutValue(Diagnostic):
    """A line `name = ...` begins with a step, and does not say what the step is applied to.

    `name = chain` gives a name to a value and leaves the flow where it is: the next line goes on from what came before.
    So the chain begins with a value: a name, `_` for the value that flows, or what needs none, such as `Range(T)`.
    `name: Layer(...)` is a step of the flow, and its value has the name too.
    """

    code = "E0232"
    names: str
    going_on: str | None  # the line as a step of the flow
    branching: str  # the line as a branch
    is_list: bool = False

    @property
    def message(self) -> str:
        return f"`{self.names} = ...` does not say what this is applied to"

    @property
    def label(self) -> str:
        return "the line below it would not go on from here"

    @property
    def help(self) -> str | None:
        going_on, branching = map(_first_line, (self.going_on or "", self.branching))
        if self.is_list:
            return f"for a list: {going_on}; to compare the shape of what flows: {branching}"
        way = f"to branch off from what flows: {branching}"
        return f"to go on from it: {going_on}\n{way}" if self.going_on else way


class TensorArgument(Diagnostic):
    """A tensor is given for a parameter of a block, whose value must be known when the spec is compiled.

    Tensors are inputs: `block Adding: x, m { x + m }` takes them as `(x, m) -> Adding`, `(x, m = m) -> Adding` or
    `x -> Adding(m = m)`. `m?` is an input that may be left out.
    """

    code = "E0235"
    block: str
    parameter: str
    found: str

    @property
    def message(self) -> str:
        return f"{self.block}: the parameter {self.parameter} is no input, and gets {self.found}"

    @property
    def label(self) -> str:
        return "" if self.found == "a tensor" else "there is a tensor in it"

    @property
    def help(self) -> str | None:
        return f"make it an input: block {self.block}(...): x, {self.parameter} {{ ... }}"


class LoneLabel(Diagnostic):
    """A line that is the label of a step reads like applying that step again, and is the value that it had.

    A module is applied again by its label behind an arrow: `_ -> layer`, or `4 x layer` for four times in a row.
    """

    code = "E0234"
    name: str

    @property
    def message(self) -> str:
        return f"`{self.name}` alone applies nothing"

    @property
    def label(self) -> str:
        return "this is the value that it had"

    @property
    def help(self) -> str | None:
        return f"to apply it again: _ -> {self.name}\nto go on from its value, name that: value = {self.name}"


class SameTurn(Diagnostic):
    """Every turn of a `for` computes the same: nothing in its body depends on the turn, or on what the last one gave.

    The first turn's values are computed again and thrown away. To go on from turn to turn, begin with what flows.
    """

    code = "W0250"
    severity: ClassVar[Literal["error", "warning"]] = "warning"

    @property
    def message(self) -> str:
        return "every turn of this loop computes the same"

    @property
    def label(self) -> str:
        return "this does not take what the turn before gave"

    @property
    def help(self) -> str | None:
        return "begin with what flows: _ -> ..., or write it once, without the loop"


class WrongKind(Diagnostic):
    """A value of one kind stands where another is needed, such as a tensor where a number must be known."""

    code = "E0211"
    needed: str
    found: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.needed} is needed here, and this is {self.found}"

    @property
    def help(self) -> str | None:
        return self.advice or (CHOOSE if self.found.endswith(" values") else f"write {self.needed} here")


class BadOperation(Diagnostic):
    """An operator, a function or a subscript cannot be applied to these values."""

    code = "E0212"
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        return self.advice or "change the values that it is applied to"


class UnknownSize(Diagnostic):
    """A decision depends on a size that is a symbol.

    `if C != 64` needs to know C. Give the dimension a number in the input's shape, or decide on an argument instead.
    """

    code = "E0213"
    question: str

    @property
    def message(self) -> str:
        return f"whether {self.question} depends on a symbol"

    @property
    def help(self) -> str | None:
        return "give the dimension a number in the input's shape"


class Required(Diagnostic):
    """A `require` of the block or model does not hold for these arguments."""

    code = "E0214"
    text: str
    values: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        return self.text

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"here {_list(self.values)}",) if self.values else ()

    @property
    def help(self) -> str | None:
        return "change the arguments so that the condition holds"


class TooDeep(Diagnostic):
    """Blocks call each other deeper than the limit: a recursion must end under an `if`."""

    code = "E0215"
    name: str
    bound: int
    endless: bool = False

    @property
    def message(self) -> str:
        if self.endless:
            return f"{self.name} calls itself with the same arguments, without an end"
        return f"{self.name} is called inside itself more than {self.bound} blocks deep"

    @property
    def help(self) -> str | None:
        way = "end the recursion with an `if` on an argument that changes from call to call"
        raised = f"raise the limit for this run: --limit recursion={2 * self.bound}"
        return way if self.endless else f"{way},\nor {raised}"


class TooMuch(Diagnostic):
    """The spec asks for more than a limit allows. Whoever runs nnspec may raise it; a spec cannot."""

    code = "E0216"
    what: str
    limit: str
    bound: int
    times: int = 1

    @property
    def message(self) -> str:
        return f"{self.what} exceeds the limit of {self.bound * self.times:,}"

    @property
    def help(self) -> str | None:
        return f"make it smaller, or raise the limit for this run: --limit {self.limit}={2 * self.bound}"


class BadImport(Diagnostic):
    """An import does not work: the file is missing, lies outside the project's folder, does not declare the name,
    or imports in a circle.

    A path is relative to the importing file and may not leave the folder of the main file. `zoo/...` and `std/...`
    are nnspec's own models and blocks.
    """

    code = "E0217"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason


class NoSuchModel(Diagnostic):
    """The file declares no model, or none of the name that was asked for."""

    code = "E0218"
    name: str | None
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"there is no model {self.name} in this file" if self.name else "this file declares no model"

    @property
    def help(self) -> str | None:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return f"it declares {_list(self.known)}" if self.known else "write model Name { input x: float[N, 4] ... }"


class BadSetting(Diagnostic):
    """A value given from outside (`--set`, `--input`, or an argument of the library) does not fit the model."""

    code = "E0219"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason


class Misplaced(Diagnostic):
    """A statement stands where it has no meaning, such as `input` in a block or `phase` outside `train`."""

    code = "E0220"
    what: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.what} cannot stand here"


class NotSupportedYet(Diagnostic):
    """The language has this, and this version of nnspec cannot do it yet."""

    code = "E0221"
    what: str

    @property
    def message(self) -> str:
        return f"{self.what} is not supported yet"

    @property
    def help(self) -> str | None:
        return "leave it out for now"


class TieMismatch(Diagnostic):
    """A parameter cannot be tied to another one, because their shapes differ."""

    code = "E0222"
    parameter: str
    shape: str
    source: str
    source_shape: str

    @property
    def message(self) -> str:
        return f"{self.parameter} has the shape {self.shape}, and {self.source} has {self.source_shape}"

    @property
    def help(self) -> str | None:
        return "tie weights of the same shape only"


class SharedMismatch(Diagnostic):
    """A module that is applied again would need weights of other shapes for the new inputs."""

    code = "E0223"
    name: str
    first: Span

    @property
    def message(self) -> str:
        return f"the weights of {self.name} do not fit this value"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.first, "built here, for a value of another shape"),)

    @property
    def help(self) -> str | None:
        return "bring the value to the same shape first, or build a second module"


class OtherInputs(Diagnostic):
    """A block is applied again with another set of its optional inputs than the first time.

    A module is built for the inputs that it gets at first, and takes the same ones each time. An optional input that is
    missing once can be given a value that changes nothing.
    """

    code = "E0236"
    name: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    first: Span

    @property
    def message(self) -> str:
        return f"{self.name} was built to take {_list(self.before)}, and gets {_list(self.now)} here"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.first, "built here"),)

    @property
    def help(self) -> str | None:
        left, more = (tuple(set(a) - set(b)) for a, b in ((self.before, self.now), (self.now, self.before)))
        if left:
            return f"give it {_list(tuple(sorted(left)))} here too: (_, {left[0]} = ...) -> {self.name}"
        return f"give it {_list(tuple(sorted(more)))} where it is built, or leave that out here"


class TrainingOnly(Diagnostic):
    """A value of a `training { ... }` block is used outside it: it does not exist when the model is evaluated."""

    code = "E0224"
    name: str

    @property
    def message(self) -> str:
        return f"the result of {self.name} exists in training only"

    @property
    def help(self) -> str | None:
        return "use it inside a `training { ... }` block"


class SameName(Diagnostic):
    """An input and an output of a model have one name.

    It can be run and trained in PyTorch, but not exported: an ONNX graph has one value of a name.
    """

    code = "W0271"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    name: str

    @property
    def message(self) -> str:
        return f"the input and the output {self.name} have one name, with which the model cannot be exported to ONNX"

    @property
    def help(self) -> str | None:
        return f"give the output a name of its own: output {self.name}_out = ..."


class Unreached(Diagnostic):
    """A path does not lead to a value inside a step."""

    code = "E0226"
    path: str
    inside: str
    suggestion: str | None = None
    known: tuple[str, ...] = ()
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.inside} has nothing called `{self.path}`"

    @property
    def help(self) -> str | None:
        if self.advice:
            return self.advice
        if self.suggestion:
            return f"did you mean `{self.suggestion}`?"
        if self.known:
            return f"it has {_list(self.known[:12])}"
        return "nothing inside it has a name: use its value itself"


class BadScan(Diagnostic):
    """A block cannot be scanned with here.

    `(each x along 1, carry h = start, m) -> scan Step(...)` gives the block one place of x after the other. What is
    carried keeps its type from step to step; several sequences have one length; and each other output must have a
    place for the dimension along which those of all steps stand: that of the first `each`.
    """

    code = "E0229"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} cannot be scanned with: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write (each x, carry state = start) -> scan Step(...), and block Step(...): x, state { ... }"


class ScanWithoutSteps(Diagnostic):
    """A scan has no sequence to walk along and no number of steps, or both.

    `(each x along 1, carry h = start) -> scan Step(...)` makes a step for each place of x along dimension 1, from the
    last to the first with `backward` behind the block. `(carry x) -> scan Step(...) for 10` makes ten steps.
    """

    code = "E0257"
    walks: bool
    backward: bool
    way: str | None

    @property
    def message(self) -> str:
        if self.walks:
            return "this scan walks along a sequence and has a number of steps, too"
        return "this scan does not say " + ("what it walks backward along" if self.backward else "what it walks along")

    @property
    def help(self) -> str | None:
        if self.walks:
            return "leave `for ...` out: there is a step for each place of the sequence"
        return f"say what each input is: {self.way}, or give a number of steps: scan Step(...) for 10"


class NotCarried(Diagnostic):
    """What a scan carries is written, and the block has an output for it.

    `carry h = start` starts the input h; at each further step it is the block's output h, or the one result of the
    block. An input that is not carried has no output of its name, so that neither is taken for the other.
    """

    code = "E0258"
    name: str
    input: str
    outputs: tuple[str, ...]
    carried: bool

    @property
    def message(self) -> str:
        if self.carried:
            return f"{self.name} has no output {self.input} to carry to the next step"
        return f"{self.name} has an input and an output {self.input}, and this scan does not carry it"

    @property
    def help(self) -> str | None:
        if self.carried:
            return f"write `output {self.input} = ...` in {self.name}; its outputs are {', '.join(self.outputs)}"
        return f"write `carry {self.input} = ...`, or give the output another name"


class BadExpert(Diagnostic):
    """A block cannot be the expert of a mixture.

    An expert takes the tokens that chose it, as rows [rows, D], and gives a row for each, computed from that row alone:
    which other tokens chose it must make no difference.
    """

    code = "E0290"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} cannot be an expert: {self.reason}"

    @property
    def help(self) -> str | None:
        return f"write block {self.name}(...) {{ [rows, D] ... }} of steps that treat rows apart, to float[rows, E]"


class NotConstant(Diagnostic):
    """What a `Buffer` holds, or a `Parameter` starts as, must follow from constants.

    `mask: Buffer(tril(ones([64, 64])))` is computed once, where the module is built: from numbers, lists, `Range`,
    `zeros`, `ones`, `full`, random numbers, and layers and blocks without weights that are applied to such. No input of
    the model, no weight and no size that only a run knows can be in it.
    """

    code = "E0259"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} takes what follows from constants: {self.reason}"

    @property
    def help(self) -> str | None:
        return "make it of numbers, lists, Range(8), zeros([8, 8]), ...; what is computed at each run needs no buffer"

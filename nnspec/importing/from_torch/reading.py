"""`read`: the graph of an exported module as a network: every node by its row of the table of operators.

All that cannot be said is collected, and refused together. The one thing to know: an operator that changes a tensor in
place is read as one that makes a new one, which all later uses of the old one mean.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from pydantic import ValidationError
from torch.export.graph_signature import InputKind
from torch.fx import Graph, GraphModule, Node
from torch.utils import _pytree as pytree

from nnspec.diagnostics import SpecError
from nnspec.dims import Expression, equal
from nnspec.importing.from_torch.authors import AuthorNames
from nnspec.importing.from_torch.builder import Builder, Complex, Unsaid, Value
from nnspec.importing.from_torch.contents import base_of, contents, zeros_like
from nnspec.importing.from_torch.decomposed import decomposed
from nnspec.importing.from_torch.export import Exported
from nnspec.importing.from_torch.fading import LOWEST, fades, operator_of
from nnspec.importing.from_torch.leaves import applied, is_leaf, is_plain, norm_of
from nnspec.importing.from_torch.lent import is_trained, lent
from nnspec.importing.from_torch.opaque import kind_of
from nnspec.importing.from_torch.operators import COMPLEX, ROWS
from nnspec.importing.from_torch.operators.complex import APART
from nnspec.importing.from_torch.operators.elementwise import cast, layer
from nnspec.importing.from_torch.operators.row import AS_IT_IS
from nnspec.importing.from_torch.operators.shape import stretched
from nnspec.importing.from_torch.sizes import UnknownSize, size_of
from nnspec.importing.mistakes import CannotSay, Refusal, UnnamedSizes
from nnspec.importing.network import Network, Operation, Scope, Stored, Weighed
from nnspec.importing.places import of_trace
from nnspec.importing.table import Row
from nnspec.layers.tensor_type import DType, LayerError, TensorType

ELEMENTS = 4096  # of a tensor whose numbers are written out
_IGNORED = frozenset(
    "_assert_async _assert_scalar sym_constrain_range sym_constrain_range_for_size sym_size sym_numel "
    "_assert_tensor_metadata _set_grad_enabled _enter_autocast _exit_autocast".split()
)
_VIEWS = frozenset("slice select view reshape transpose permute expand unsqueeze squeeze narrow flatten t".split())


def read(exported: Exported) -> Network:
    """The network of an exported module.

    Raises:
        SpecError: it does what no spec can say; all of it is listed.
    """
    network = _Reader(exported, frozenset()).network()
    layers = lent(network)
    if not layers:
        return network
    paths = frozenset(path for path, each in layers.items() if not is_trained(each, network))
    network = _Reader(exported, paths).network()
    reason = "its weights are read by other code, too, or used with other arguments"
    left = [Refusal(path, reason, each.origin) for path, each in lent(network).items()]
    if left:
        raise SpecError.of(CannotSay(None, tuple(left)))
    return network


class _Reader:
    def __init__(self, exported: Exported, lent: frozenset[str]) -> None:
        self.exported = exported
        self.module = exported.module
        self.names = exported.names
        self.root = Scope("", type(exported.module).__name__)
        self.builder = Builder(self.root)
        self.builder.lent = lent
        self.values: dict[Node, Any] = {}
        self.refusals: list[Refusal] = []
        self.unknown: set[Node] = set()
        self.scopes: list[tuple[str, Scope]] = [("", self.root)]
        self.calls: dict[str, int] = {}
        self.authors = AuthorNames()
        self.inputs: list[tuple[str, str]] = []
        self.loaded: list[str] = []  # buffers whose numbers are in the weights alone
        self.node: Node | None = None  # that is being read
        self.computed: set[str] = set()  # paths of modules whose weights are computed by arithmetic

    def network(self) -> Network:
        weights, aliases = self._weights()
        self._placeholders()
        graph = self.exported.program.graph
        self._graph(graph)
        self._need_no_refusals()
        outputs = self._outputs(graph)
        self._need_no_refusals()
        self.authors.give(self.root)
        name = type(self.module).__name__
        inputs, types = tuple(self.inputs), self.builder.types
        return Network(name, self.root, inputs, outputs, types, weights, aliases, tuple(self.loaded))

    def _need_no_refusals(self) -> None:
        found = tuple(dict.fromkeys(self.refusals))
        if found:
            raise SpecError.of((UnnamedSizes if all(each.size for each in found) else CannotSay)(None, found))

    # --- what the module owns

    def _weights(self) -> tuple[dict[str, Weighed], tuple[tuple[str, ...], ...]]:
        """The entries of the `state_dict`; and which keys are one tensor."""
        first: dict[int, list[str]] = {}
        parameters = dict(self.module.named_parameters(remove_duplicate=False))
        buffers = dict(self.module.named_buffers(remove_duplicate=False))
        for key, tensor in [*parameters.items(), *buffers.items()]:
            first.setdefault(id(tensor), []).append(key)
            self.builder.stored[key] = Stored(self._type(tensor), trainable=tensor.requires_grad)
        aliases = tuple(tuple(keys) for keys in first.values() if len(keys) > 1)
        self.builder.ties = {key: keys[0] for keys in aliases for key in keys[1:]}
        kept = self.module.state_dict(keep_vars=True)
        for key in buffers:
            self.builder.stored[key] = self.builder.stored[key].replace(trainable=False, persistent=key in kept)
        found = {
            key: Weighed(tuple(tensor.shape), _DTYPES[tensor.dtype], key in buffers, tensor.requires_grad)
            for key, tensor in kept.items()
        }
        return found, aliases

    def _type(self, tensor: Any) -> TensorType:
        if tensor.dtype not in _DTYPES:
            raise Unsaid(f"a tensor of type {tensor.dtype}")
        return TensorType(_DTYPES[tensor.dtype], tuple(size_of(size, self.names) for size in tensor.shape))

    def _placeholders(self) -> None:
        program = self.exported.program
        tensors = dict(self.module.named_buffers(remove_duplicate=False))
        for spec, node in zip(program.graph_signature.input_specs, self._inputs(program.graph), strict=True):
            value = node.meta.get("val")
            if _is_complex(value) and not self._is_known(spec):
                reason = "a tensor of complex numbers: keep its parts, as torch.view_as_real gives them"
                self.refusals.append(Refusal(str(spec.target or node.name), reason))
                self.unknown.add(node)
            elif _is_complex(value) and spec.kind is InputKind.BUFFER:
                self.values[node] = ("constant", tensors[str(spec.target)])
            elif spec.kind in (InputKind.PARAMETER, InputKind.BUFFER):
                stored = self.builder.stored[str(spec.target)]
                owner = self.exported.modules[str(spec.target).rpartition(".")[0]]
                if spec.kind is InputKind.BUFFER and (node.users or kind_of(owner) is None):  # no norm's statistics
                    self._fill(str(spec.target), tensors[str(spec.target)], node)
                self.values[node] = Value(node.name, stored.type, str(spec.target))
            elif spec.kind is InputKind.CONSTANT_TENSOR:
                self.values[node] = ("constant", program.constants[str(spec.target)])
            elif isinstance(value, torch.Tensor):
                made = Value(node.name, self._type(value))
                self.builder.types[node.name] = made.type
                self.values[node] = made
                self.inputs.append((node.name, node.name))
            else:
                self.values[node] = value

    def _is_known(self, spec: Any) -> bool:
        """Whether the numbers of a tensor are those of the code, and no weights or inputs."""
        kept = spec.kind is InputKind.BUFFER and self.builder.stored[str(spec.target)].persistent
        return not kept and spec.kind in (InputKind.BUFFER, InputKind.CONSTANT_TENSOR)

    def _fill(self, key: str, tensor: torch.Tensor, node: Node) -> None:
        """Find out how the contents of a buffer are written; they are asked for when it is used."""
        stored = self.builder.stored[key]
        if tensor.is_meta and not stored.persistent:
            tensor = self._made_again(key, tensor)
        if tensor.is_floating_point() and not tensor.is_meta and fades(node):
            tensor = tensor.double().masked_fill(tensor == float("-inf"), LOWEST)
        number = None if stored.persistent or tensor.dim() or tensor.is_meta else tensor.item()
        made = contents(tensor)
        if made is None and stored.persistent:
            self.loaded.append(key)
        elif made is None:
            self.builder.unwritten[key] = (
                f"the numbers of the buffer {key} are in no file of weights, and too many for a text, or not finite: "
                "compute them in forward, or register it with persistent = True"
            )
        base = None if stored.persistent else base_of(tensor)
        made = zeros_like(tensor) if made is None else made
        self.builder.stored[key] = stored.replace(contents=made, scalar=number, base=base)

    def _made_again(self, key: str, tensor: torch.Tensor) -> torch.Tensor:
        """A buffer on the meta device that no file of weights holds: its owner is made anew, if it can be."""
        path, _, name = key.rpartition(".")
        owner: Any = self.exported.modules[path]
        try:
            with torch.device("cpu"):
                made: torch.Tensor = dict(type(owner)(owner.config).named_buffers(recurse=False))[name]
        except Exception:  # the code of others may raise anything
            reason = "a buffer that is not in the state_dict has no data on the meta device"
            self.refusals.append(Refusal(key, reason))
            return tensor
        return made

    @staticmethod
    def _inputs(graph: Graph) -> list[Node]:
        return [node for node in graph.nodes if node.op == "placeholder"]

    # --- nodes

    def _graph(self, graph: Graph) -> None:
        for node in graph.nodes:
            if node.op == "call_function":
                self._enter(node)
                if self.unknown.intersection(node.all_input_nodes):
                    self.unknown.add(node)  # one that cannot be said silences what follows
                    continue
                try:
                    self.values[node] = self._call(node)
                except Unsaid as problem:
                    self._refuse(node, str(problem))
                except UnknownSize as problem:
                    self._refuse(node, str(problem), size=True)
                except (LayerError, ValidationError) as problem:
                    given = [each for each in pytree.tree_leaves(self._arguments(node)) if isinstance(each, Expression)]
                    reason = f"it takes the size {given[0]}, and its layer only numbers" if given else ""
                    self._refuse(node, reason or _first_line(problem), size=bool(given))
            elif node.op == "get_attr":
                self.values[node] = _attribute(node)

    def _refuse(self, node: Node, reason: str, size: bool = False) -> None:
        what = operator_of(node) or type(self.builder.module).__name__
        self.refusals.append(Refusal(what, reason, of_trace(node.meta.get("stack_trace")), size))
        self.unknown.add(node)

    def _enter(self, node: Node) -> None:
        """Open and close scopes, so that the innermost is the call of the module whose code the node is."""
        stack = [
            (key, path)
            for key, (path, _) in (node.meta.get("nn_module_stack") or {}).items()
            if not key.startswith("_empty")
        ]
        builder = self.builder
        builder.origin = of_trace(node.meta.get("stack_trace"))
        if not stack:
            return
        modules = [(key, path, self.exported.modules[path]) for key, path in stack[1:] if path in self.exported.modules]
        builder.module_path, builder.module, builder.norm = "", self.module, {}
        wanted: list[tuple[str, str, Any]] = []
        for key, path, module in modules:
            builder.module_path, builder.module = path, module
            if is_leaf(module):
                norm = norm_of(module)
                builder.norm = norm or {}
                if norm is None:
                    self.computed.add(path)
                break
            wanted.append((key, path, module))
        common = 1
        while common < len(self.scopes) and common <= len(wanted) and self.scopes[common][0] == wanted[common - 1][0]:
            common += 1
        del self.scopes[common:]
        for key, path, module in wanted[common - 1 :]:
            again = self.calls.get(path, 0)
            self.calls[path] = again + 1
            scope = Scope(path, type(module).__name__, again, is_plain(module))
            self.scopes[-1][1].items.append(scope)
            self.scopes.append((key, scope))
        builder.open = [scope for _, scope in self.scopes]
        builder.scope = builder.open[-1]

    def _call(self, node: Node) -> Any:
        target: Any = node.target
        value = node.meta.get("val")
        if self._is_of_layer(node):
            # how a weight is computed: the layer says it
            return Value(node.name, self._type(value)) if isinstance(value, torch.Tensor) else None
        if target is operator.getitem:
            found = self._argument(node.args[0])[node.args[1]]
            if found is None and isinstance(value, torch.Tensor) and node.users:
                raise Unsaid("no layer gives its weights of attention: leave them, or compute them in code of your own")
            return found
        if isinstance(target, type) and issubclass(target, tuple):  # results with names, such as `values`
            items = node.args[0] if isinstance(node.args[0], (list, tuple)) else node.args
            return tuple(map(self._argument, items))
        if isinstance(value, (torch.SymInt, torch.SymBool, torch.SymFloat, bool, int, float, torch.dtype)):
            return value
        if isinstance(target, torch._ops.HigherOrderOperator):
            return self._inside(node)
        if operator_of(node) in ("promote_types", "result_type"):
            return torch.float32  # floats are of one type here
        name = target._schema.name.removeprefix("aten::") if hasattr(target, "_schema") else str(target)
        if name in _IGNORED:
            return None
        if name == "nnspec::apply":
            return self._module(node)
        changes = name.endswith("_") and not name.endswith("__")
        if _is_nothing(value):
            return self._nothing(value)
        return self._changed(node, name[:-1]) if changes else self._row(node, name)

    def _nothing(self, value: Any) -> Any:
        """Tensors without elements, which only a concatenation takes: no layer makes them."""
        if isinstance(value, (list, tuple)):
            return tuple(map(self._nothing, value))
        return self.builder.fresh(self._type(value))

    def _is_of_layer(self, node: Node) -> bool:
        """Whether a node is how a layer computes its weight, which its arguments say."""
        paths = [str(path) for path, _ in (node.meta.get("nn_module_stack") or {}).values()]
        owners = [path.partition("parametrizations.")[0].rstrip(".") for path in paths if "parametrizations." in path]
        return any(path not in self.computed and is_leaf(self.exported.modules[path]) for path in owners)

    def _row(self, node: Node, name: str) -> Any:
        arguments = self._arguments(node)
        given = [each for each in pytree.tree_leaves(arguments) if isinstance(each, Complex)]
        if not given and not _is_complex(node.meta["val"]):
            return self._applied(node, name, ROWS.get(name), arguments)
        if name in COMPLEX:
            return self._applied(node, name, COMPLEX[name], arguments)
        if name not in APART or not given:
            raise Unsaid("it computes with complex numbers, which no spec holds")
        return self._apart(node, name, arguments)

    def _apart(self, node: Node, name: str, arguments: dict[str, Any]) -> Any:
        """An operator that does the same to the real and the imaginary parts."""
        parts = []
        for part in (0, 1):
            chosen = pytree.tree_map(lambda each: each.parts[part] if isinstance(each, Complex) else each, arguments)  # noqa: B023
            parts.append(self._applied(node, name, ROWS.get(name), chosen))
        if isinstance(parts[0], tuple):
            return tuple(map(Complex, *parts))
        return Complex(*parts)

    def _applied(self, node: Node, name: str, function: Row | None, arguments: dict[str, Any]) -> Any:
        """What the function of a row gives for these arguments."""
        if function is None:
            return self._decomposed(node)
        code = function.__code__
        takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        more = code.co_flags & 0x08
        if "result" in takes or more:
            arguments["result"] = self._result(node.meta["val"])
        if "operator" in takes or more:
            arguments["operator"] = name
        if self.exported.dropouts is not None and node.name in self.exported.dropouts:
            arguments["p" if name == "dropout" else "dropout_p"] = self.exported.dropouts[node.name]
        if "beside" in takes:
            arguments["beside"] = self._beside(node)
        given = {key: each for key, each in arguments.items() if key in takes or (more and each is not None)}
        left = [key for key, each in arguments.items() if key not in given and key not in AS_IT_IS and each is not None]
        if left and not more:
            schema: Any = node.target._schema  # type: ignore[union-attr]
            usual = {each.name: each.default_value for each in schema.arguments if each.has_default_value()}
            for key in left:
                if key not in usual or usual[key] != arguments[key]:
                    raise Unsaid(f"its argument {key} has no counterpart")
        before = len(self.builder.scope.items)
        made = function(self.builder, **given)
        self._label(before)
        return self._checked(made, node.meta["val"])

    def _decomposed(self, node: Node) -> Any:
        """An operator without a row, by those that torch takes it apart into.

        Raises:
            Unsaid: there are none, or one of them cannot be said.
        """
        found = decomposed(node)
        if found is None:
            raise Unsaid("it is not in the table of operators")
        graph, inputs = found
        before = len(self.refusals)
        made = self._of_graph(graph, [self.values.get(each, each.meta.get("val")) for each in inputs])
        if len(self.refusals) > before:
            problems = dict.fromkeys(f"{each.what}, which {each.reason}" for each in self.refusals[before:])
            del self.refusals[before:]
            raise Unsaid(f"it is not in the table of operators, and torch defines it by {'; by '.join(problems)}")
        self.builder.origin = of_trace(node.meta.get("stack_trace"))
        return made

    def _beside(self, node: Node) -> tuple[Value, ...]:
        """The tensors that the code around a node works with, too; those of its own module first."""
        here = list(node.meta.get("nn_module_stack") or ())
        near: list[tuple[int, Node]] = []
        for each in node.graph.nodes:
            stack = list(each.meta.get("nn_module_stack") or ())
            if here[: len(stack)] == stack:
                near += [(len(stack), one) for one in each.all_input_nodes]
        near.sort(key=lambda pair: -pair[0])
        values = (self.values.get(each) for each in dict.fromkeys(one for _, one in near))
        return tuple(each for each in values if isinstance(each, Value) and each.key is None)

    def _checked(self, made: Any, value: Any) -> Any:
        """A result with the element type that torch gives it.

        Raises:
            Unsaid: it has another shape.
        """
        if isinstance(value, (list, tuple)):
            return tuple(
                None if have is None else self._checked(have, want) for have, want in zip(made, value, strict=False)
            )
        if isinstance(made, Complex):
            imaginary = None if made.imaginary is None else self._checked(made.imaginary, value)
            return Complex(self._checked(made.real, value), imaginary)
        if not isinstance(made, Value) or not isinstance(value, torch.Tensor):
            return made
        type = self._type(value)
        if made.key is None:
            made = cast(self.builder, made, type.dtype)
        if not self.builder.agrees(made, type):
            raise Unsaid(f"its result is {type}, and {made.type} as a spec has it")
        return made

    def _label(self, before: int) -> None:
        """Name what a leaf module has just done by the path of that module."""
        builder, items = self.builder, self.builder.scope.items
        if builder.module_path and builder.module_path != builder.scope.path and len(items) > before:
            last = items[-1]
            if isinstance(last, Operation) and last.path is None and len(items) == before + 1:
                items[-1] = last.replace(path=builder.module_path)

    def _changed(self, node: Node, name: str) -> Any:
        """An operator that changes its first argument."""
        first = node.args[0]
        assert isinstance(first, Node)
        old = self.values.get(first)
        if isinstance(old, Value) and old.key is not None:
            made = self._argument(node.args[1]) if name == "copy" else self._row(node, name)
            if made is old:  # changed to what it is, as by a division by 1
                return old
            raise Unsaid("it changes a parameter or buffer of the module: import it as it is behind the change")
        if name == "copy":
            source = self.builder.tensor(self._argument(node.args[1]))
            old = self._argument(first)
            made = stretched(self.builder, cast(self.builder, source, old.type.dtype), old.shape)
        else:
            made = self._row(node, name)
        self._write(first, made, node)
        return made

    def _write(self, view: Node, made: Any, node: Node) -> None:
        """Let a tensor, and what it is a view of, be what was written into it."""
        self.values[view] = made
        if operator_of(view) not in _VIEWS or not isinstance(view.args[0], Node):
            return
        base = view.args[0]
        if not _is_used_behind(base, node):
            return
        others = (user for user in base.users if user is not view and user < node and operator_of(user) in _VIEWS)
        if any(each > node for user in others for each in user.users):
            raise Unsaid("it writes into a tensor of which another part is used afterwards")
        self._write(base, self._with_part(view, self._argument(base), made), node)

    def _with_part(self, view: Node, whole: Value, part: Value) -> Value:
        """A tensor with another part in the place of one that was sliced or selected from it."""
        given = self._arguments(view)
        dim = given.get("dim", 0) % whole.rank
        size = whole.shape[dim]
        if operator_of(view) == "select":
            start, end = given["index"], given["index"] + 1
            part = self.builder(layer("Unsqueeze", dim=dim), part)
        elif operator_of(view) == "slice" and given.get("step", 1) == 1:
            start, end = given.get("start") or 0, given.get("end")
            end = size if end is None or (isinstance(end, int) and (not isinstance(size, int) or end > size)) else end
        else:
            raise Unsaid("it writes into a part of a tensor that is used as a whole afterwards")
        start = start + size if isinstance(start, int) and start < 0 else start
        end = end + size if isinstance(end, int) and end < 0 else size if end == 0 else end
        parts = [part]
        if start != 0:
            parts.insert(0, self.builder(layer("Slice", dim=dim, end=start), whole))
        if not equal(end, size):
            parts.append(self.builder(layer("Slice", dim=dim, start=end), whole))
        return part if len(parts) == 1 else self.builder(layer("Concat", dim=dim), *parts)

    def _module(self, node: Node) -> Any:
        inputs, path = node.args
        module = self.exported.modules[str(path)]
        given = self._argument(inputs)
        return applied(self.builder, module, str(path), given)

    def _inside(self, node: Node) -> Any:
        """What a region of the graph does, such as one without gradients or without autocast."""
        regions = [each for each in map(self._argument, node.args) if isinstance(each, GraphModule)]
        if len(regions) != 1:
            raise Unsaid("it holds code that runs under a condition of the data, or several times")
        region = regions[0]
        place = next(i for i, each in enumerate(node.args) if self._argument(each) is region)
        return self._of_graph(region.graph, [self._argument(each) for each in node.args[place + 1 :]])

    def _of_graph(self, graph: Graph, given: Iterable[Any]) -> Any:
        """What a graph inside of another gives for these inputs."""
        for inner, value in zip(self._inputs(graph), given, strict=True):
            self.values[inner] = value
        self._graph(graph)
        result = next(each for each in graph.nodes if each.op == "output").args[0]
        return self._argument(result)

    # --- arguments

    def _arguments(self, node: Node) -> dict[str, Any]:
        schema = node.target._schema  # type: ignore[union-attr]
        given: dict[str, Any] = {}
        self.node = node
        for place, each in enumerate(schema.arguments):
            if place < len(node.args):
                given[each.name] = self._finite(self._argument(node.args[place]))
            elif each.name in node.kwargs:
                given[each.name] = self._finite(self._argument(node.kwargs[each.name]))
        return given

    def _finite(self, number: Any) -> Any:
        """A number; for minus infinity that only becomes a weight of zero, the lowest float."""
        lowest = isinstance(number, float) and number == float("-inf") and self.node is not None and fades(self.node)
        return LOWEST if lowest else number

    def _argument(self, argument: Any) -> Any:
        if isinstance(argument, Node):
            found = self.values.get(argument, argument.meta.get("val"))
            if isinstance(found, tuple) and found[:1] == ("constant",):
                return self._constant(found[1])
            if isinstance(found, torch.dtype):
                return self._argument(found)
            if isinstance(found, (torch.SymInt, torch.SymFloat, torch.SymBool)):
                if isinstance(found, torch.SymInt):
                    return size_of(found, self.names)
                raise Unsaid("it computes with a fraction of a size")
            return found
        if isinstance(argument, (list, tuple)):
            return tuple(map(self._argument, argument))
        if isinstance(argument, torch.dtype):
            if argument not in _DTYPES:
                raise Unsaid(f"it makes a tensor of type {argument}")
            return _DTYPES[argument]
        if isinstance(argument, torch.SymInt):
            return size_of(argument, self.names)
        return argument

    def _constant(self, tensor: torch.Tensor) -> Any:
        if tensor.is_complex():
            return Complex(*(self._constant(part) for part in (tensor.real, tensor.imag)))
        if tensor.numel() > ELEMENTS:
            raise Unsaid(f"a constant of {tensor.numel():,} elements")
        if tensor.numel() == 0:
            return self._nothing(tensor)
        numbers = _each(self._finite, tensor.detach().cpu().tolist())
        dtype = _DTYPES[tensor.dtype]
        return self.builder(layer("Constant", value=numbers, dtype=None if dtype != "float" else "float"))

    def _result(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return tuple(map(self._result, value))
        return self._type(value) if isinstance(value, torch.Tensor) else value

    def _outputs(self, graph: Graph) -> tuple[tuple[str, str], ...]:
        """The names of the outputs: keys and fields of the result, or the variables that are returned."""
        given = next(node for node in graph.nodes if node.op == "output").args[0]
        tree = pytree.tree_unflatten(list(given), self.exported.tree)
        returned = self.authors.returned(type(self.module))
        found: list[tuple[str, str]] = []
        for path, node in pytree.tree_flatten_with_path(tree)[0]:
            value = self._argument(node)
            if not isinstance(value, Value):
                continue
            words = [str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", "")))) for key in path]
            if all(word.isdigit() for word in words):
                names = returned if len(words) == 1 else ()
                words = [names[int(words[0])]] if words and int(words[0]) < len(names) else ["result", *words]
                if not path and len(returned) == 1:
                    words = [returned[0]]
            self.builder.scope, self.builder.open = self.root, [self.root]
            value = self.builder.tensor(value)
            found.append(("_".join(words), value.name))
        return tuple(found)


def _first_line(problem: Exception) -> str:
    """The reason why a layer cannot be so configured."""
    if isinstance(problem, ValidationError):
        first = problem.errors(include_url=False, include_input=False)[0]
        title = "" if "[" in problem.title else f"{problem.title}: "
        return f"{title}{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(problem)


def _is_nothing(value: Any) -> bool:
    """Whether all that an operator gives is without elements."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_nothing, value))
    return isinstance(value, torch.Tensor) and any(type(size) is int and size == 0 for size in value.shape)


def _is_complex(value: Any) -> bool:
    """Whether an operator gives complex numbers."""
    if isinstance(value, (list, tuple)):
        return any(map(_is_complex, value))
    return isinstance(value, torch.Tensor) and value.is_complex()


def _is_used_behind(base: Node, node: Node) -> bool:
    """Whether anything behind a node uses a tensor, or what it is a view of."""
    while True:
        if any(user > node for user in base.users):
            return True
        if operator_of(base) not in _VIEWS or not isinstance(base.args[0], Node):
            return False
        base = base.args[0]


def _attribute(node: Node) -> Any:
    found: Any = node.graph.owning_module
    for part in str(node.target).split("."):
        found = getattr(found, part)
    return ("constant", found) if isinstance(found, torch.Tensor) else found


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    """Nested lists as tuples, with each number changed."""
    return tuple(_each(change, each) for each in value) if isinstance(value, list) else change(value)


_DTYPES: Mapping[torch.dtype, DType] = {
    torch.float32: "float", torch.float64: "float", torch.float16: "float", torch.bfloat16: "float",
    torch.int64: "int", torch.int32: "int", torch.int16: "int", torch.int8: "int", torch.uint8: "int",
    torch.bool: "bool", torch.complex64: "float", torch.complex128: "float",  # real and imaginary parts
}  # fmt: skip

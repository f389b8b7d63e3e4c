"""`Paths`: what modules and weights are called: by the names of nodes, of their metadata, or of the weights themselves.

PyTorch's exporters write the path of the module into the names of nodes (`/layer1/layer1.0/conv1/Conv`) or into their
metadata; others keep it in the names of weights (`conv1_w_0`, `block1/conv/kernel:0`). What has no name that says
anything gets one by its kind.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from onnx import NodeProto

from nnspec.importing.from_onnx.builder import Draft
from nnspec.importing.network import Stored
from nnspec.layers.registry import words as words_of

_SUFFIX = re.compile(
    r"(?i)[._/]?(w|b|weights?|kernel|bias(es)?|gamma|beta|scale|s|mean|var|variance|moving_mean|moving_variance|riv|rm|"
    r"running_mean|running_var|embeddings?|bias_ih_l0|weight_ih_l0|weight_hh_l0|slope|alpha)(_\d+)?(:0)?$"
)
_TAIL = re.compile(
    r"(?i)/(ReadVariableOp|MatMul|Conv2D|BiasAdd|Conv1D|FusedBatchNormV3|Relu6?|Reshape|Transpose|ExpandDims)(_\d+)?"
    r"(/\w+)*(:0)?$"
)
_GATES = re.compile(r"(weight|bias)_(ih|hh)_l\d+(_reverse)?")
_OPAQUE = re.compile(
    r"(?i)([a-z]|weights?|bias|kernel|onnx::\w+|r?\d+|_?v?_?\d+|(.*/)?const(_\d+)?(:0)?|const\w*_\d+|\w*constant\w*|"
    r".*__\d+|p2o\..*|tensor_?\d*|x?\d+)"
)
FUNCTIONS = frozenset(words_of("function"))
WORDS = {"Linear": "fc", "Embedding": "embedding", "LSTM": "lstm", "GRU": "gru", "RNN": "rnn", "PReLU": "prelu"}


def module_of(proto: NodeProto) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The path of the module that a node belongs to, a word each, and the classes of the modules on the way."""
    metadata = {each.key: each.value for each in proto.metadata_props}
    scopes = _texts(metadata.get("pkg.torch.onnx.name_scopes"))
    if scopes:
        kinds = _texts(metadata.get("pkg.torch.onnx.class_hierarchy"))
        path = scopes[-2] if len(scopes) > 1 else ""
        words = tuple(path.split(".")) if path else ()
        found = dict(zip(scopes, (each.rpartition(".")[2] for each in kinds), strict=False))
        return words, tuple(found.get(".".join(words[: place + 1]), "") for place in range(len(words)))
    return _of_name(proto.name, proto.op_type), ()


def prefixes(nodes: Sequence[NodeProto]) -> dict[str, tuple[str, ...]]:
    """What stands before the first word of a module's path in the names of its weights, where nodes leave it out."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for proto in nodes:
        module, _ = module_of(proto)
        for name in proto.input if module else ():
            path = tuple(name.split(".")[:-1])
            if len(path) >= len(module) and path[len(path) - len(module) :] == module:
                found.setdefault(module[0], set()).add(path[: len(path) - len(module)])
    return {word: next(iter(each)) for word, each in found.items() if len(each) == 1}


def _texts(text: str | None) -> list[str]:
    try:
        found = ast.literal_eval(text) if text else []
    except (ValueError, SyntaxError):
        return []
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else []


def _of_name(name: str, operator: str) -> tuple[str, ...]:
    """The path in a name as `/layer1/layer1.0/conv1/Conv`, in which the modules of a list repeat its name."""
    own = re.fullmatch(rf"(.+)\.{operator}(_\d+)?", name)  # as nnspec writes it: the second of a module is Add_1
    if own is not None:
        return tuple(own[1].split("."))
    if not name.startswith("/"):
        return ()
    words: list[str] = []
    last = ""
    for part in name.strip("/").split("/")[:-1]:
        words += (part[len(last) + 1 :] if last and part.startswith(f"{last}.") else part).split(".")
        last = part
    return tuple(words)


class Paths:
    """Gives each weight of each draft a key, and each layer a path."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.taken: dict[str, object] = {}  # paths of layers, keys, and all that is above them
        self.counts: dict[str, int] = {}
        names = [each.name for draft in drafts for each in draft.weights.values() if "/" in each.name]
        heads = {name.partition("/")[0] for name in names}
        self.head = f"{heads.pop()}/" if len(heads) == 1 and len(names) > 1 else ""

    def of(self, draft: Draft, kind: str) -> str:
        """A path that nothing else has: of a layer, or the key of a tensor of the model's own."""
        stored = isinstance(draft.layer, Stored)
        for wish in self._wishes(draft, stored):
            words = [_clean(word) for word in wish if word]
            if stored and words and words[-1] in FUNCTIONS:  # its name would be read as the function
                words[-1] += "_value"
            if words and self._is_free(words, stored):
                return self._take(words, stored)
        word = "parameter" if stored else WORDS.get(kind, re.sub(r"\d[dD]$", "", kind).lower())
        word = {"batchnorm": "bn", "layernorm": "norm", "convtranspose": "deconv"}.get(word, word)
        while True:
            self.counts[word] = self.counts.get(word, 0) + 1
            words = [f"{word}{self.counts[word]}"]
            if self._is_free(words, stored):
                return self._take(words, stored)

    def _wishes(self, draft: Draft, stored: bool) -> Iterable[list[str]]:
        names = [each.name for each in draft.weights.values() if each.name and not _OPAQUE.fullmatch(each.name)]
        module = list(draft.node.module) if draft.node is not None else []
        dotted = [name for name in names if "/" not in name and "." in name and ":" not in name]
        for name in dotted[:1]:
            words = name.split(".")
            while len(words) > 2 and _GATES.fullmatch(words[-2]):  # as nnspec calls weights with gates in another order
                words.pop()
            yield words if stored else words[:-1]
        if module:
            last = names[0].rpartition("/")[2].rpartition(".")[2] if names else "parameter"
            yield [*module, last] if stored else module
            if not stored:
                yield [*module, WORDS.get(draft.layer.kind, draft.layer.kind.lower())]
        for name in names:
            bare = name.partition(";")[0].removeprefix(self.head)
            stem = bare.partition(":")[0] if stored else _stem(bare)
            yield [each for part in stem.strip("/").split("/") for each in part.split(".")]

    def _is_free(self, words: list[str], stored: bool) -> bool:
        """Whether a path is below no layer and above none."""
        whole = ".".join(words)
        above = [".".join(words[:place]) for place in range(1, len(words))]
        return whole not in self.taken and not any(self.taken.get(each) == "whole" for each in above)

    def _take(self, words: list[str], stored: bool) -> str:
        for place in range(1, len(words)):
            self.taken.setdefault(".".join(words[:place]), "above")
        self.taken[".".join(words)] = "whole"
        return ".".join(words)


def _stem(name: str) -> str:
    """The name of a weight without what says which weight it is."""
    name = _TAIL.sub("", name)
    found = _SUFFIX.search(name)
    return name[: found.start()] if found and found.start() else name.partition(":")[0]


def _clean(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", word).strip("_") or "_"

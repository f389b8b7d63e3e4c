"""Names in generated source: which labels can be attributes, and how a path of labels is written."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

# What `nn.Module` itself is made of: a child of such a name would hide it, or be hidden by it.
RESERVED = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
    modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()
)

# Names that the source uses for other things.
TAKEN = frozenset("self torch nn F math OrderedDict partial initialise device dtype wide".split())


def is_attribute(label: str) -> bool:
    """Whether a label can be written as `self.label`."""
    return label.isidentifier() and not keyword.iskeyword(label) and label not in RESERVED


def attribute(owner: str, label: str) -> str:
    """The child `label` of a module: `self.conv1`, or `getattr(self, "0")`."""
    if is_attribute(label):
        return f"{owner}.{label}"
    if label in RESERVED:
        return f'{owner}._modules["{label}"]'
    return f'getattr({owner}, "{label}")'


def path(labels: str, lists: frozenset[str] = frozenset()) -> str:
    """What a dotted path below `self` is: `self.attention.query`, `self.down[0]`."""
    owner, above = "self", ""
    for label in labels.split("."):
        owner = f"{owner}[{label}]" if above in lists else attribute(owner, label)
        above = f"{above}.{label}" if above else label
    return owner


def containers(stem: str) -> list[str]:
    """The containers above a label, outermost first: a and a.b for a.b."""
    parts = stem.split(".") if stem else []
    return [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def in_order(order: Iterable[str], labels: Iterable[str]) -> list[str]:
    """The labels as a walk of the tree that they make meets them, what a module states in its `order` first."""
    labels = list(labels)
    first: dict[str, int] = {}
    for place, label in enumerate((*order, *labels)):
        for above in containers(label):
            first.setdefault(above, place)
    return sorted(labels, key=lambda label: [first[above] for above in containers(label)])


def module_lists(labels: Iterable[str]) -> frozenset[str]:
    """The containers whose children are numbered 0, 1, 2, ... and nothing else: they are nn.ModuleLists."""
    below: dict[str, dict[str, None]] = {}
    for label in labels:
        for above in containers(label.rpartition(".")[0]):
            below.setdefault(above, {})[label[len(above) + 1 :].partition(".")[0]] = None
    return frozenset(stem for stem, found in below.items() if list(found) == [str(i) for i in range(len(found))])


def assignment(owner: str, label: str, value: str) -> str:
    """The statement that makes `value` the child `label` of a module."""
    if is_attribute(label):
        return f"{owner}.{label} = {value}"
    if label in RESERVED:
        return f'{owner}._modules["{label}"] = {value}'
    return f'{owner}.add_module("{label}", {value})'


def variable(name: str) -> str:
    """A variable for a value of the program."""
    text = "".join(c if c.isalnum() or c == "_" else "_" for c in name.rpartition(".")[2])
    if not text.isidentifier():
        text = f"x{text}"
    return f"{text}_" if keyword.iskeyword(text) or text in TAKEN else text

"""Names in generated source: which labels can be attributes, and how a path of labels is written.

A label is a key of the `state_dict`, and stays what it is: one that Python or `nn.Module` uses for something else, such
as `class`, `__conv` or `training`, is written in a way that they do not see.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Literal

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
    append extend insert pop
    """.split()
)

# Names that the source uses for other things.
TAKEN = frozenset(
    """
    CLASSES COLUMNS VOCABULARIES
    self torch nn F math OrderedDict partial initialise mixture device dtype wide
    delattr getattr len list range reversed setattr str super zip
    """.split()
)
# What stands for inputs, sizes and numbers while the source is made.
_MARK = r"(?a:(?:input|number|size|waiting)\d+_)"

# Where an nn.Module keeps its children, by what they are.
Store = Literal["_modules", "_parameters", "_buffers"]


def is_reserved(label: str) -> bool:
    """Whether `self.label` is, or may become, something of `nn.Module` itself, or is written anew by Python."""
    return label in RESERVED or label.startswith("_")


def is_attribute(label: str) -> bool:
    """Whether a label can be written as `self.label`."""
    return label.isidentifier() and not keyword.iskeyword(label) and not is_reserved(label)


def quoted(label: str) -> str:
    """A label as a string of Python, between `"` where it is plain."""
    return repr(label) if any(c in label for c in '"\\') or not label.isprintable() else f'"{label}"'


def is_key(label: str) -> bool:
    """Whether a label can only be the key of a child, as "0" is."""
    return not (is_attribute(label) or is_reserved(label))


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


def variable(name: str) -> str:
    """A variable for a value of the program."""
    text = "".join(c if c.isalnum() or c == "_" else "_" for c in name.rpartition(".")[2])
    if not text.isidentifier() or text.startswith("__"):
        text = f"x{text}"
    return f"{text}_" if keyword.iskeyword(text) or text in TAKEN or re.fullmatch(_MARK, text) else text

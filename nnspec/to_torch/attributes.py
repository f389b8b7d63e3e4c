"""The attributes that a `forward` needs: what `__init__` builds, by label, and how it is reached."""

from __future__ import annotations

from nnspec.ir import Call
from nnspec.to_torch.construct import Construct
from nnspec.to_torch.form import Forms
from nnspec.to_torch.layout import OF_DICTIONARIES
from nnspec.to_torch.names import is_attribute
from nnspec.to_torch.row import Raw
from nnspec.to_torch.uses import store


class Attributes:
    """The attributes of a class, in the order in which `forward` comes to them."""

    def __init__(self, forms: Forms, key: str) -> None:
        self.forms = forms
        self.key = key
        self.layout = forms.layout(key)
        self.built: dict[str, tuple[Construct, int]] = {}  # label -> how it is built, and how often
        self._labels = {call.label for call in forms.program.modules[key].calls}
        self._paths: dict[str, str] = {}

    def of(self, call: Call, constructor: str, *, owns: bool) -> str:
        """The attribute of `self` that a call applies; what owns no weights may have another name than its label."""
        label = call.label
        assert label is not None, "a module without a label"
        if call.shared and label in self._paths:
            return self._paths[label]
        made = self.forms.constructor(self.key, call)
        assert made is not None
        name = label
        if label.isdecimal() and not owns and call.count == 1:
            name = self._stateless(constructor.rpartition(".")[2].lower(), made)
        self.built[name] = (made, call.count)
        self._paths[label] = self.layout.path(name, store(made.layer))
        return self._paths[label]

    def like(self) -> str:
        """A buffer that is there for the number format of the model alone."""
        name = self._free("like")
        self.built[name] = (Construct("nn.Buffer", (Raw("torch.zeros(())"),), {"persistent": False}), 1)
        return f"self.{name}"

    def _stateless(self, stem: str, made: Construct) -> str:
        """An attribute for a module without weights, whose name is free to choose; equal ones share it."""
        for name, (other, count) in self.built.items():
            if other == made and count == 1 and name.startswith(stem):
                return name
        return self._free(stem)

    def _free(self, stem: str) -> str:
        taken = self._labels | set(self.built)
        name, number = stem, 1
        while name in taken or name in OF_DICTIONARIES or not is_attribute(name):
            number += 1
            name = f"{stem}{number}"
        return name

"""The containers in a class, and how what they hold is reached: `self.conv1`, `self.down[0]`, `self.model["9"]`.

Labels are keys of the `state_dict`. Those numbered 0, 1, 2, ... are a list; a container with a label that can be no
attribute, as the number of an unlabelled step among others, is a dictionary, and so may the class itself be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from nnspec.record import Record
from nnspec.to_torch.names import Store, containers, in_order, is_attribute, is_key, is_reserved, quoted

# What `nn.ModuleDict` has besides `nn.Module`: a child of such a name would hide it.
OF_DICTIONARIES = frozenset("clear items keys update values".split())


class Child(Record):
    """The things that a class builds under a label: where they are kept, and how many there are."""

    store: Store
    count: int


class Layout(Record):
    """The lists and the dictionaries of a class; the class itself is the container ""."""

    lists: frozenset[str]
    dictionaries: frozenset[str]
    parameters: frozenset[str] = frozenset()  # the lists that hold parameters, and no modules

    def kind(self, container: str) -> str:
        """The class of a container."""
        if container in self.lists:
            return "nn.ParameterList" if container in self.parameters else "nn.ModuleList"
        return "nn.ModuleDict" if container in self.dictionaries else "nn.Module"

    def path(self, labels: str, store: Store = "_modules") -> str:
        """The expression for a path below `self`: `self.attention.query`, `self.down[0]`; `store` holds its end."""
        owner, above = "self", ""
        *outer, last = labels.split(".") if labels else [""]
        for label in outer:
            owner = self._child(owner, above, label)
            above = f"{above}.{label}" if above else label
        return self._child(owner, above, last, store) if last else owner

    def each(self, container: str) -> str:
        """The child of a container whose label is the number `index`."""
        owner = self.path(container)
        return f"{owner}[str(index)]" if container in self.dictionaries else f"getattr({owner}, str(index))"

    def assignment(self, labels: str, value: str, store: Store = "_modules") -> str:
        """The statement that makes `value` what this path leads to."""
        target = self.path(labels, store)
        if not target.startswith("getattr("):
            return f"{target} = {value}"
        above, _, label = labels.rpartition(".")
        adds = f"{self.path(above)}.add_module(" if store == "_modules" else f"setattr({self.path(above)}, "
        return f"{adds}{quoted(label)}, {value})"

    def assignment_of_each(self, container: str, value: str) -> str:
        """The statement that makes `value` the child of a container whose label is the number `index`."""
        target = self.each(container)
        adds = f"{self.path(container)}.add_module(str(index), {value})"
        return f"{target} = {value}" if container in self.dictionaries else adds

    def _child(self, owner: str, above: str, label: str, store: Store = "_modules") -> str:
        """A child of the container `above`, which is written `owner`."""
        if above in self.lists:
            return f"{owner}[{label}]"
        if is_attribute(label):
            return f"{owner}.{label}"
        if is_reserved(label):
            return f"{owner}.{store}[{quoted(label)}]"
        keyed = above in self.dictionaries and store == "_modules"
        return f"{owner}[{quoted(label)}]" if keyed else f"getattr({owner}, {quoted(label)})"


def turns(first: str, count: int) -> str:
    """The numbers of `count` labels from the first on."""
    return f"range({first}, {int(first) + count})" if int(first) else f"range({count})"


def layout(children: Mapping[str, Child], order: Iterable[str]) -> Layout:
    """The containers that children of these labels make, in an order that is stated."""
    labels = in_order(order, [label for label, child in children.items() if child.count == 1])
    numbered = _below(labels)
    tensors = {label for label, child in children.items() if child.store != "_modules"}
    lists, parameters = set(), set()
    for stem, found in numbered.items():
        stores = {children[label].store for each in found if (label := f"{stem}.{each}") in tensors}
        if stem and found == [str(place) for place in range(len(found))]:
            if not stores:
                lists.add(stem)
            elif stores == {"_parameters"} and tensors.issuperset(f"{stem}.{each}" for each in found):
                parameters.add(stem)
    below = _below(children)
    dictionaries = {stem for stem, found in below.items() if _needs_keys(stem, found, tensors)}
    lists |= parameters
    return Layout(frozenset(lists), frozenset(dictionaries - lists), frozenset(parameters))


def _needs_keys(stem: str, found: Collection[str], tensors: Collection[str]) -> bool:
    """Whether a container with these children is a dictionary."""
    modules = [label for label in found if (f"{stem}.{label}" if stem else label) not in tensors]
    return any(map(is_key, modules)) and OF_DICTIONARIES.isdisjoint(found)


def _below(labels: Iterable[str]) -> dict[str, list[str]]:
    """The children of each container, in order."""
    below: dict[str, dict[str, None]] = {}
    for label in labels:
        for above in ("", *containers(label.rpartition(".")[0])):
            child = label[len(above) + 1 :] if above else label
            below.setdefault(above, {})[child.partition(".")[0]] = None
    return {stem: list(found) for stem, found in below.items()}

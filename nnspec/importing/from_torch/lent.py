"""`lent`: layers whose weights other code computes with, too, or uses with other arguments: arithmetic writes those.

`F.linear(h, self.decoder.weight)` reads the weight of a layer that is applied elsewhere; `F.conv2d(x, self.conv.weight,
stride = 2)` is a layer with other arguments than the one that has it. A label is one thing: a tensor, or a layer that
is applied as it is.
"""

from __future__ import annotations

from nnspec.importing.bodies import weights_of
from nnspec.importing.network import Network, Operation, Stored
from nnspec.layers.base import Layer


def lent(network: Network) -> dict[str, Operation]:
    """The layers that can be no label, by their paths: their weights are read beside them, or by layers that differ."""
    used = _used(network)
    read = {each.path for each in used if isinstance(each.layer, Stored) and each.path}
    owners = {key.rpartition(".")[0] for key in read}
    first: dict[str, Layer] = {}
    found: dict[str, Operation] = {}
    for each in used:
        layer, path = each.layer, each.path
        if isinstance(layer, Stored) or path is None:
            continue
        other = first.setdefault(path, layer) != layer
        if not other and path not in owners:
            continue
        keys = [f"{path}.{name}" for name, _ in weights_of(each, network.types)]
        if keys and (other or not read.isdisjoint(keys)):
            found[path] = each
    return found


def is_trained(layer: Operation, network: Network) -> bool:
    """Whether a layer has statistics of its own, which arithmetic would not keep."""
    keys = [f"{layer.path}.{name}" for name, _ in weights_of(layer, network.types)]
    return any(key in network.weights and network.weights[key].buffer for key in keys)


def _used(network: Network) -> list[Operation]:
    """The operations on whose results something depends, and those with a label."""
    values = {value for _, value in network.outputs}
    found: list[Operation] = []
    for each in reversed(list(network.root.operations())):
        labelled = each.path is not None and not isinstance(each.layer, Stored)
        if labelled or not values.isdisjoint(each.outputs):
            values.update(value for value in each.inputs if value is not None)
            found.append(each)
    return found[::-1]

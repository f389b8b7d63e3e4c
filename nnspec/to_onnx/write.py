"""Writing a model to files; arrays are made here, one at a time.

The large arrays are streamed into the end of the message's one `graph`, whose length is known before they are made:
no array is ever copied into a message. (A second `graph` behind the first would be simpler, but not all readers merge
the two.) Where a model is too large for one message (protobuf ends at 2 GiB), its arrays go to a second file beside it.
"""

from __future__ import annotations

from typing import BinaryIO

import onnx

from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Initializer
from nnspec.to_onnx.proto import content, empty_tensor, large, size_of

LARGEST = 1 << 30  # bytes of weights in one message; larger models keep them in a file of their own
_ALIGNMENT = 4096  # of a tensor in that file, so that it can be mapped into memory
# Field numbers of onnx.proto with the wire type "length-delimited" (2): a key is number << 3 | 2.
_GRAPH, _INITIALIZER, _RAW_DATA = (number << 3 | 2 for number in (7, 5, 9))


def weight_bytes(graph: Graph) -> int:
    """The size of all arrays."""
    return sum(map(size_of, graph.initializers.values()))


def write(model: onnx.ModelProto, graph: Graph, file: BinaryIO) -> None:
    """Write the outline of a model, with the large arrays at the end of its graph."""
    around = onnx.ModelProto()
    around.CopyFrom(model)
    around.ClearField("graph")
    outline = model.graph.SerializeToString()
    heads = {name: _head(name, value) for name, value in large(graph).items()}
    lengths = {name: len(head) + size_of(graph.initializers[name]) for name, head in heads.items()}
    keys = {name: _key(_INITIALIZER, length) for name, length in lengths.items()}
    file.write(around.SerializeToString())
    file.write(_key(_GRAPH, len(outline) + sum(map(len, keys.values())) + sum(lengths.values())) + outline)
    for name, head in heads.items():
        file.write(keys[name] + head)
        file.write(content(name, graph.initializers[name]))


def write_apart(model: onnx.ModelProto, graph: Graph, data: BinaryIO) -> None:
    """Write the large arrays to `data`, and their places to the model, which `place_data` must tell its name."""
    for name, value in large(graph).items():
        data.write(b"\0" * (-data.tell() % _ALIGNMENT))
        tensor = empty_tensor(name, value)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, entry in {"location": "", "offset": str(data.tell()), "length": str(size_of(value))}.items():
            tensor.external_data.add(key=key, value=entry)
        model.graph.initializer.append(tensor)
        data.write(content(name, value))


def place_data(model: onnx.ModelProto, name: str) -> None:
    """Say that the arrays are in the file `name`, in the folder of the model."""
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = name


def _head(name: str, value: Initializer) -> bytes:
    """A tensor's message up to where its bytes begin."""
    return bytes(empty_tensor(name, value).SerializeToString()) + _key(_RAW_DATA, size_of(value))


def _key(field: int, length: int) -> bytes:
    """A field's key and the length of what follows, as variable-length integers."""
    text = bytearray([field])
    while length > 0x7F:
        text.append(length & 0x7F | 0x80)
        length >>= 7
    text.append(length)
    return bytes(text)

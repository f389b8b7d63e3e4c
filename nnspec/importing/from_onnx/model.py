"""`model_text`: the text of a spec for a file of ONNX, with the weights that it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nnspec.importing.assemble import assembled
from nnspec.importing.from_onnx.file import Opened
from nnspec.importing.from_onnx.reading import read
from nnspec.record import Record
from nnspec.weights.arrays import Array


class Written(Record):
    """The text of a spec, its weights by key, and what its user should know of how the file was read."""

    text: str
    arrays: dict[str, Array]
    notes: tuple[str, ...]


def model_text(
    opened: Opened, dynamic: Mapping[str, str], name: str | None, values: Mapping[str, float] | None = None
) -> Written:
    """The text of a spec for a file.

    Args:
        opened: the file.
        dynamic: the sizes of inputs, `"N 3 H W"`; those of the file where it is left out.
        name: what the model is called; the file's own name if it is left out.
        values: numbers that inputs always are; they are no inputs of the spec.

    Raises:
        SpecError: it does what no spec can say.
    """
    found = read(opened, dynamic, name or model_name(opened), values or {})
    count = sum(array.size for key, array in found.arrays.items() if found.network.weights[key].trainable)
    words = f"{opened.path.name}, as ONNX has it: {count:,} parameters."
    return Written(assembled(found.network.replace(documentation=words)).text, found.arrays, found.notes)


_PLAIN = re.compile(r"(main_?graph|graph|torch[-_]jit|tf2onnx|model|main|onnx|.*\d{5,}.*)?", re.IGNORECASE)


def model_name(opened: Opened) -> str:
    """What a file says that its model is called, or what the file is called."""
    own = opened.model.graph.name
    wish = own if not _PLAIN.fullmatch(own) and re.fullmatch(r"[A-Za-z][\w .-]*", own) else opened.path.stem
    words = [each for each in re.split(r"[^A-Za-z0-9]+", wish) if each]
    made = "".join(each[:1].upper() + each[1:] for each in words).lstrip("0123456789")
    return made[:1].upper() + made[1:] if made else "Model"

"""Where a model file comes from, as its metadata: what it was made by and of, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from nnspec.diagnostics import Source
from nnspec.hub.folder import weights_of
from nnspec.manifest import digest
from nnspec.to_onnx.choices import Choices
from nnspec.version import __version__

HASHED = 64 << 20  # bytes; to hash a larger file of weights would take longer than to export it


def provenance(sources: Mapping[str, Source], weights: Path | None, opset: int, choices: Choices) -> dict[str, str]:
    """The version of nnspec, opset, target and precision; name and SHA-256 of the spec's files and of the weights.

    Of a file of weights over 64 MiB it is name and size.
    """
    found = {"nnspec.version": __version__, "nnspec.opset": str(opset), "nnspec.target": choices.target}
    found["nnspec.precision"] = choices.precision
    if sources:
        found["nnspec.spec"] = "\n".join(_specs(sources))
    if weights is not None:
        file = weights_of(weights) if weights.is_dir() else weights
        size = file.stat().st_size
        found["nnspec.weights"] = f"{file.name} " + (f"sha256:{digest(file)}" if size <= HASHED else f"{size} bytes")
    return found


def _specs(sources: Mapping[str, Source]) -> Iterator[str]:
    for source in sources.values():
        yield f"{Path(source.name).name} sha256:{sha256(source.text.encode()).hexdigest()}"

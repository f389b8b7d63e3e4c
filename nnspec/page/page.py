"""The page of a run: the network as ONNX with the results of its layers, what the page must know, and its own files.

Whatever the page needs lies in its folder: no request leaves the machine that serves it. The file that opens it is
written last, so that a page which is there is complete.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from nnspec.diagnostics import Source, SpecError
from nnspec.dims import Size
from nnspec.infer.session import Session
from nnspec.ir import Program
from nnspec.ir.batch import BATCH
from nnspec.ir.flatten import flattening
from nnspec.ir.state import totals
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.output import cannot_write, replacing
from nnspec.page.inputs import fields
from nnspec.page.layers import ShownLayer, shown_layers
from nnspec.page.mistakes import OtherFiles
from nnspec.page.onnxruntime_web import FILES, onnxruntime_web
from nnspec.page.outputs import outputs
from nnspec.page.samples import add_samples
from nnspec.record import Record
from nnspec.to_onnx.choices import DEFAULT_CHOICES
from nnspec.to_onnx.lower import lower
from nnspec.to_onnx.mistakes import TooLargeForMemory
from nnspec.to_onnx.proto import to_proto
from nnspec.to_onnx.write import LARGEST, weight_bytes
from nnspec.weights.source import WeightSource

Json = dict[str, Any]
OPENS, NETWORK, RUNTIME = "index.html", "network.json", "onnxruntime-web"
PARTS = (
    "page.css",
    "main.js",
    "session.js",
    "form.js",
    "picture.js",
    "pad.js",
    "pixels.js",
    "numbers.js",
    "text.js",
    "tokenizer.js",
    "normal.js",
    "words.js",
    "answer.js",
    "layers.js",
    "plane.js",
    "paint.js",
)


class Page(Record):
    """A page that was written: its folder and bytes, the version and origin of onnxruntime-web, and notes."""

    folder: Path
    bytes: int
    network: int  # bytes of the network
    layers: int
    runtime: str
    notes: tuple[str, ...]


def write_page(
    program: Program,
    sources: Mapping[str, Source],
    weights: WeightSource,
    folder: Path,
    *,
    run: Path | None = None,
    runtime: Path | None = None,
    samples: int = 12,
    limits: Limits = DEFAULT_LIMITS,
) -> Page:
    """Write the page of a trained network.

    Args:
        program: the network.
        sources: the texts that it was made of.
        weights: its weights, with what training has stored beside them.
        folder: where to: a new or empty folder, or one with an earlier page.
        run: the folder of the run, whose data gives samples; none if it is left out.
        runtime: the folder or package of onnxruntime-web.
        samples: how many pictures or texts of the data the page has to begin with.
        limits: how many layers there may be.

    Raises:
        SpecError: the network takes what no person gives on a page, or cannot be expressed in ONNX; onnxruntime-web is
            not found; or the folder cannot be written.
    """
    _check_folder(folder)
    network, layers, own = network_with_layers(program, sources, weights, limits)
    session = Session(network)
    told = fields(session)
    description: Json = {
        "title": program.main.name,
        "parameters": totals(program)[program.entry].parameters,
        "inputs": told,
        "outputs": outputs(session, own),
        "layers": [_layer(each) for each in layers],
        "batch": BATCH in session.metadata,
    }
    with onnxruntime_web(runtime) as found:
        missing = add_samples(run, session, told, samples, limits) if run is not None and samples else None
        written = {"network.onnx": network, NETWORK: json.dumps(description, ensure_ascii=False).encode()}
        _write(folder, written, found.files, _opening(description))
        words = f"onnxruntime-web {found.version} from {found.origin}"
    names = [*written, *PARTS, OPENS, *(f"{RUNTIME}/{name}" for name in FILES)]
    size = sum((folder / name).stat().st_size for name in names)
    notes = (f"the page has no samples: {missing}",) if missing else ()
    return Page(folder, size, len(network), len(layers), words, notes)


def _check_folder(folder: Path) -> None:
    """Check that a folder holds nothing that is not a page."""
    try:
        inside = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise cannot_write(folder, error) from None
    if inside and not {OPENS, NETWORK} <= inside:
        raise SpecError.of(OtherFiles(None, str(folder)))


def network_with_layers(
    program: Program, sources: Mapping[str, Source], weights: WeightSource, limits: Limits
) -> tuple[bytes, list[ShownLayer], list[str]]:
    """The network as ONNX, in which the results of its layers are further outputs; and the names of its own."""
    with flattening(program, limits):
        lowered = lower(program, weights, DEFAULT_CHOICES, sources)
        if weight_bytes(lowered.graph) > LARGEST:
            raise SpecError.of(TooLargeForMemory(None, program.main.name, weight_bytes(lowered.graph)))
        layers, own = shown_layers(lowered.program, lowered.graph), list(lowered.graph.outputs)
        lowered.graph.outputs |= {layer.value: layer.type for layer in layers if layer.value not in own}
        made = to_proto(lowered.graph, lowered.opset, lowered.description)
    return made.SerializeToString(), layers, own


def _layer(layer: ShownLayer) -> Json:
    return {"value": layer.value, "words": list(layer.words), "shape": list(map(_size, layer.type.shape))}


def _size(size: Size) -> int | str:
    return size if isinstance(size, int) else str(size)


def _opening(description: Json) -> str:
    """The file that opens the page."""
    text = files("nnspec.page").joinpath("web", OPENS).read_text(encoding="utf-8")
    counts = f"{len(description['layers'])} layers, {description['parameters']:,} parameters"
    return text.replace("{{ title }}", escape(description["title"])).replace("{{ counts }}", escape(counts))


def _write(folder: Path, made: Mapping[str, bytes], runtime: Mapping[str, Path], opening: str) -> None:
    """Write the files, the one that opens the page last."""
    web = files("nnspec.page").joinpath("web")
    own = {name: web.joinpath(name).read_bytes() for name in PARTS}
    try:
        (folder / RUNTIME).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    for name, content in {**made, **own}.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content)
    for name, path in runtime.items():
        with replacing(folder / RUNTIME / name) as temporary:
            shutil.copyfile(path, temporary)
    with replacing(folder / OPENS) as temporary:
        temporary.write_text(opening, encoding="utf-8")

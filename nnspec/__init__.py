"""nnspec: networks as short, checked texts that become summaries, PyTorch and ONNX.

    model = nnspec.load("lenet5")                   # a spec, a name of the zoo, a run, an .onnx file, hf://owner/name
    model.summary(); model.draw("net.svg"); model.torch_source()
    run = model.train("mnist", epochs=3)            # or arrays, a Dataset, a DataLoader
    model.evaluate(run); model.export_onnx("net.onnx", run)
    nnspec.predict("net.onnx", "pictures/")         # or nnspec.Session("net.onnx").run({"image": array})
    nnspec.from_torch(module, example).text         # also from_onnx, from_config: what others wrote, as a spec

A mistake is a `SpecError` whose text says what is wrong, where, and what to do. Weights, data and models are given as
paths, as runs, or as objects of Python. This is the whole public surface; each name is imported when it is first asked
for. Those who write layers, data sets and the like of their own find the words for that in `nnspec.plugin`, and a test
for layers in `nnspec.testing`.
"""

import importlib
from typing import TYPE_CHECKING

from nnspec.version import __version__

if TYPE_CHECKING:
    from nnspec import zoo
    from nnspec.callbacks.callback import Callback, register_callback
    from nnspec.diagnostics import Diagnostic, SpecError
    from nnspec.imported import from_config, from_onnx, from_torch
    from nnspec.infer.session import Session
    from nnspec.layers.registry import register_layer
    from nnspec.limits import Limits
    from nnspec.model import Model
    from nnspec.opening import check, load
    from nnspec.plugin.loading import load_plugin
    from nnspec.run import Run
    from nnspec.running import evaluate, predict, resume
    from nnspec.text import format, from_json, loads
    from nnspec.to_onnx.row import no_row as register_no_onnx_row
    from nnspec.to_onnx.row import row as register_onnx_row
    from nnspec.to_torch.row import row as register_torch_row
    from nnspec.train.rows import register_augmentation, register_data, register_optimizer, register_schedule
    from nnspec.weights.source import WeightChoice

__all__ = [
    "Callback",
    "Diagnostic",
    "Limits",
    "Model",
    "Run",
    "Session",
    "SpecError",
    "WeightChoice",
    "__version__",
    "check",
    "evaluate",
    "format",
    "from_config",
    "from_json",
    "from_onnx",
    "from_torch",
    "load",
    "load_plugin",
    "loads",
    "predict",
    "register_augmentation",
    "register_callback",
    "register_data",
    "register_layer",
    "register_no_onnx_row",
    "register_onnx_row",
    "register_optimizer",
    "register_schedule",
    "register_torch_row",
    "resume",
    "zoo",
]

# Where a name is, if not in nnspec.opening.
_PLACES = {
    "Callback": "nnspec.callbacks.callback",
    "Diagnostic": "nnspec.diagnostics",
    "Limits": "nnspec.limits",
    "Model": "nnspec.model",
    "Run": "nnspec.run",
    "Session": "nnspec.infer.session",
    "SpecError": "nnspec.diagnostics",
    "WeightChoice": "nnspec.weights.source",
    "evaluate": "nnspec.running",
    "format": "nnspec.text",
    "from_config": "nnspec.imported",
    "from_json": "nnspec.text",
    "from_onnx": "nnspec.imported",
    "from_torch": "nnspec.imported",
    "load_plugin": "nnspec.plugin.loading",
    "loads": "nnspec.text",
    "predict": "nnspec.running",
    "resume": "nnspec.running",
}


if not TYPE_CHECKING:  # to which a name that is not above is a mistake

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for: the command line is set up before that."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "zoo":
            return importlib.import_module("nnspec.zoo")
        place = "nnspec.plugin" if name.startswith("register_") else _PLACES.get(name, "nnspec.opening")
        found: object = getattr(importlib.import_module(place), name)
        globals()[name] = found  # a module of the same name does not take its place later
        return found


def load_ipython_extension(shell: object) -> None:
    """Make `%%nnspec` known to a notebook: `%load_ext nnspec`."""
    from nnspec.notebook.cell import register

    register(shell)


def __dir__() -> list[str]:
    return sorted(__all__)

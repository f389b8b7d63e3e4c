"""What one tool does with one network, in a process of its own: `measure TOOL NETWORK summary|export FOLDER`.

It prints JSON. Seconds are the processor's from the start of the process on, imports included, and MiB its peak of
memory, both taken before anything is checked.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Run = Callable[[np.ndarray], np.ndarray]

FOLDER = Path(__file__).parent
SHAPES = {
    "mnist_convnet": (1, 28, 28),
    "resnet50": (3, 224, 224),
    "gpt2": (64,),
}  # of one sample; channels last in Keras
Measured = dict[str, Any]


def _spent() -> Measured:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": time.process_time(), "MiB": usage.ru_maxrss / 1024}


def _build(network: str, tool: str) -> Any:
    return import_module(f"tests.benchmarks.beside.{network}_{tool}").build()


def _example(network: str, samples: int, last: bool = False) -> Any:
    import numpy as np

    random, shape = np.random.default_rng(0), SHAPES[network]
    if network == "gpt2":
        return random.integers(50257, size=(samples, *shape))
    return random.random((samples, *(shape[1:] + shape[:1] if last else shape)), dtype=np.float32)


def nnspec_summary(network: str) -> Measured:
    """The table of `nnspec summary`."""
    import nnspec

    summary = nnspec.load(FOLDER / f"{network}.nn").summary()
    print(summary)
    return {"parameters": summary.parameters, "macs": int(str(summary.macs))}


def keras_summary(network: str) -> Measured:
    """The table of `model.summary()`; running means are not counted as parameters."""
    import numpy as np

    model = _build(network, "keras")
    model.summary()
    return {"parameters": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)), "macs": None}


def torchinfo_summary(network: str) -> Measured:
    """The table of torchinfo."""
    import torch
    import torchinfo

    summary = torchinfo.summary(_build(network, "torch"), input_data=torch.tensor(_example(network, 1)))
    print(summary)
    return {"parameters": summary.total_params, "macs": summary.total_mult_adds}


def nnspec_export(network: str, file: Path, *, verify: bool = True) -> tuple[Run, bool]:
    """By `nnspec export`, which compares the file with PyTorch in float64 before it is there."""
    import nnspec

    model = nnspec.load(FOLDER / f"{network}.nn")
    module = model.to_torch().eval()
    model.export_onnx(file, module.state_dict(), verify=verify)
    return _of_torch(module), False


def unverified_export(network: str, file: Path) -> tuple[Run, bool]:
    """By `nnspec export --no-verify`."""
    return nnspec_export(network, file, verify=False)


def keras_export(network: str, file: Path) -> tuple[Run, bool]:
    """By `model.export` of Keras."""
    model = _build(network, "keras")
    model(_example(network, 1, last=True))  # Keras asks for a call before it exports
    model.export(str(file), format="onnx", verbose=False)
    return lambda given: model.predict(given, verbose=0), True


def torch_export(network: str, file: Path) -> tuple[Run, bool]:
    """By `torch.onnx.export`, with a free number of samples."""
    import torch

    module = _build(network, "torch").eval()
    example = (torch.tensor(_example(network, 2)),)
    shapes = ({0: torch.export.Dim.DYNAMIC},)
    torch.onnx.export(module, example, str(file), dynamo=True, dynamic_shapes=shapes)
    return _of_torch(module), False


def _of_torch(module: Any) -> Run:
    import torch

    def run(given: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            result: np.ndarray = module(torch.tensor(given)).numpy()
            return result

    return run


def check(network: str, file: Path, run: Run, last: bool) -> Measured:
    """How much onnxruntime's results for the file differ from the tool's own, of one sample and of three."""
    import numpy as np
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(file))
    session = onnxruntime.InferenceSession(str(file))
    (port,) = session.get_inputs()
    differences = {}
    for samples in (1, 3):
        given = _example(network, samples, last)
        if "int32" in port.type:
            given = given.astype(np.int32)
        wanted = run(given)
        try:
            (found,) = session.run(None, {port.name: given})
        except Exception as error:  # onnxruntime has no common class of its exceptions
            differences[str(samples)] = type(error).__name__
        else:
            differences[str(samples)] = float(np.abs(found - wanted).max() / np.abs(wanted).max())
    return {"differences": differences}


def main(tool: str, network: str, what: str, folder: str) -> None:
    """Do it, and print what it took and gave."""
    silence = io.StringIO()
    with redirect_stdout(silence), redirect_stderr(silence):
        if what == "summary":
            given: Measured = globals()[f"{tool}_summary"](network)
            found = {**_spent(), **given}
        else:
            file = Path(folder) / f"{network}_{tool}.onnx"
            run, last = globals()[f"{tool}_export"](network, file)
            found = {**_spent()}
            found |= check(network, file, run, last)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

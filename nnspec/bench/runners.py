"""The kinds of candidates: each is a function that imports what it needs, and gives what loads a candidate.

What is loaded makes a run of inputs: it puts them where they are needed, and the run itself copies nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nnspec.weights.arrays import Array

Step = Callable[[], Any]
Prepare = Callable[[Mapping[str, Array]], Step]
Load = Callable[[Mapping[str, Any]], Prepare]


def onnx() -> Load:
    """An ONNX file (`model`) in onnxruntime."""
    from nnspec.infer.session import Session  # here: only in the process that needs it

    def load(candidate: Mapping[str, Any]) -> Prepare:
        session = Session(candidate["model"], candidate["provider"], threads=candidate["threads"])

        def prepare(inputs: Mapping[str, Array]) -> Step:
            ports = session.inputs
            same = set(inputs) == {port.name for port in ports}
            arrays = [inputs[port.name] for port in ports] if same else list(inputs.values())
            known = {port.name: each.astype(port.dtype, copy=False) for port, each in zip(ports, arrays, strict=True)}
            return session.bind(known).run

        return prepare

    return load


def eager() -> Load:
    """A program in JSON (`model`) with its weights as PyTorch runs it."""
    return _torch(compiled=False)


def compiled() -> Load:
    """The same behind `torch.compile`; its first run compiles it."""
    return _torch(compiled=True)


def _torch(*, compiled: bool) -> Load:
    import torch  # here: only in the process that needs it

    from nnspec.text import from_json

    def load(candidate: Mapping[str, Any]) -> Prepare:
        if candidate["threads"] is not None:
            torch.set_num_threads(candidate["threads"])
        device = "cpu" if candidate["provider"] == "cpu" else "cuda"
        text = Path(candidate["model"]).read_text(encoding="utf-8")
        module = from_json(text).to_torch(candidate["weights"]).eval().to(device)
        network = torch.compile(module) if compiled else module

        def prepare(inputs: Mapping[str, Array]) -> Step:
            tensors = [torch.from_numpy(array).to(device) for array in inputs.values()]

            @torch.inference_mode()
            def step() -> None:
                network(*tensors)
                if device == "cuda":
                    torch.cuda.synchronize()

            return step

        return prepare

    return load


RUNNERS: dict[str, Callable[[], Load]] = {"onnx": onnx, "eager": eager, "compiled": compiled}

"""The devices that PyTorch and onnxruntime find here."""

from __future__ import annotations

from importlib.util import find_spec

from nnspec.record import Record


class Device(Record):
    """Where networks can run: the word that --device or --provider takes, and what is known of it."""

    option: str
    name: str
    about: str


def devices() -> tuple[Device, ...]:
    """The devices for `--device` of training, then those for `--provider` of inference."""
    return (*_of_torch(), *_of_onnxruntime())


def _of_torch() -> list[Device]:
    if find_spec("torch") is None:
        return []
    try:
        import torch
    except Exception:  # told with the packages
        return []
    found = [Device("--device", "cpu", f"{torch.get_num_threads()} threads")]
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        found.append(Device("--device", f"cuda:{index}", f"{about.name}, {about.total_memory / (1 << 30):.0f} GiB"))
    if torch.version.cuda is None:
        found[0] = found[0].replace(about=f"{found[0].about}; this PyTorch was built without CUDA")
    elif len(found) == 1:
        found[0] = found[0].replace(about=f"{found[0].about}; built for CUDA {torch.version.cuda}, no GPU is found")
    return found


def _of_onnxruntime() -> list[Device]:
    if find_spec("onnxruntime") is None:
        return []
    try:
        from nnspec.infer.providers import PROVIDERS, check_provider  # the core has no onnxruntime
    except Exception:  # told with the packages
        return []
    from nnspec.diagnostics import SpecError

    found = []
    for provider in PROVIDERS:
        try:
            check_provider(provider)
        except SpecError:
            continue
        found.append(Device("--provider", provider, PROVIDERS[provider]))
    return found

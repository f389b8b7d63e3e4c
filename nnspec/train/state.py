"""Everything that a run needs to go on exactly where it stopped, in two files of its folder.

`state-STEP.safetensors` has the tensors (weights, moments, random states), `state.json` the numbers, the name of the
former and its SHA-256. The second is written last and by one rename: whenever the machine stops, it names a whole
state. No pickle is read or written.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from nnspec.diagnostics import SpecError
from nnspec.output import CannotWrite, replacing
from nnspec.train.mistakes import BadRun

NAME = "state.json"
Count = Annotated[int, Field(ge=0)]


class Position(BaseModel):
    """Where a run is: numbers, as `state.json` has them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    epoch: Count = 0  # whole epochs that are done
    step: Count = 0  # steps done in the epoch after those
    best: float | None = None
    best_epoch: Count = 0
    seconds: float = 0.0
    history: list[dict[str, float | int | None]] = []  # one row an epoch
    file: str = ""
    sha256: str = ""


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    hashed = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """A safetensors file, whole or not at all.

    Raises:
        SpecError: it cannot be written.
    """
    apart = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in tensors.items()}  # tied ones as well
    with replacing(path) as temporary:
        try:
            save_file(apart, temporary, metadata)
        except SafetensorError as error:
            raise SpecError.of(CannotWrite(None, str(path), str(error))) from None


def save_state(folder: Path, position: Position, tensors: dict[str, Tensor]) -> None:
    """Write a state in place of the one before.

    Raises:
        SpecError: it cannot be written; the one before is whole.
    """
    before = set(folder.glob("state-*.safetensors"))
    name = f"state-{position.epoch}-{position.step}.safetensors"
    save_tensors(folder / name, tensors)
    position.file, position.sha256 = name, digest(folder / name)
    with replacing(folder / NAME) as path:
        path.write_text(position.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for path in before - {folder / name}:
        path.unlink(missing_ok=True)


def load_state(folder: Path, device: torch.device) -> tuple[Position, dict[str, Tensor]]:
    """The state of a run.

    Raises:
        SpecError: there is none, or its files were changed or damaged.
    """
    try:
        position = Position.model_validate_json((folder / NAME).read_bytes())
        path = folder / Path(position.file).name
        if digest(path) != position.sha256:
            raise SpecError.of(BadRun(None, str(folder), f"{path.name} was changed or damaged", "start the run again"))
        return position, load_file(path, device=str(device))
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        advice = "name the folder of a run that was interrupted, such as runs/lenet5-1"
        raise SpecError.of(BadRun(None, str(folder), f"there is no {missing} in it", advice)) from None
    except (OSError, ValidationError, SafetensorError, json.JSONDecodeError) as error:
        reason = f"its state cannot be read ({type(error).__name__})"
        raise SpecError.of(BadRun(None, str(folder), reason, "start the run again")) from None


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of every parameter: `optimizer.INDEX.NAME`."""
    found: dict[str, Tensor] = {}
    for index, entries in optimizer.state_dict()["state"].items():
        for name, value in entries.items():
            if value is not None:
                found[f"optimizer.{index}.{name}"] = torch.as_tensor(value)
    return found


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """The opposite of `optimizer_tensors`."""
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".", 2)
            state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def random_tensors(device: torch.device) -> dict[str, Tensor]:
    """The states of the generators that layers draw from: that of the CPU, and of the device."""
    found = {"random.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        found["random.cuda"] = torch.cuda.get_rng_state(device)
    return found


def restore_random(tensors: dict[str, Tensor], device: torch.device) -> None:
    """The opposite of `random_tensors`."""
    torch.set_rng_state(tensors["random.cpu"].cpu())
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"].cpu(), device)

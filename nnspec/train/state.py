"""Everything that a run needs to go on exactly where it stopped: `state.safetensors` in its folder.

Of several processes each has a file of its own, with its share of the weights or its random states.
The tensors are weights, moments and random states; the numbers are JSON in the file's metadata. The manifest of the
folder has its digest. No pickle is read or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nnspec.diagnostics import SpecError
from nnspec.output import CannotWrite
from nnspec.train.mistakes import BadRun
from nnspec.train.strategy import Strategy

STATE = "state.safetensors"
_POSITION = "nnspec.position"
Count = Annotated[int, Field(ge=0)]


class Position(BaseModel):
    """Where a run is: the numbers of its state."""

    model_config = ConfigDict(extra="forbid", strict=True)

    epoch: Count = 0  # whole epochs that are done
    step: Count = 0  # steps done in the epoch after those
    best: float | None = None
    best_epoch: Count = 0
    seconds: float = 0.0
    history: list[dict[str, float | int | None]] = []  # one row an epoch
    strategy: str | None = None  # how it was spread, over so many processes
    processes: Count = 1


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """A safetensors file.

    Raises:
        SpecError: it cannot be written.
    """
    apart = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in tensors.items()}  # tied ones as well
    try:
        save_file(apart, path, metadata)
    except SafetensorError as error:
        raise SpecError.of(CannotWrite(None, str(path), str(error))) from None


def write_state(path: Path, position: Position, tensors: Mapping[str, Tensor]) -> None:
    """The file of a state.

    Raises:
        SpecError: it cannot be written.
    """
    write_tensors(path, tensors, {_POSITION: position.model_dump_json()})


def state_file(rank: int) -> str:
    """The name of the file with the state of a process."""
    return f"state.{rank}.safetensors" if rank else STATE


def load_state(folder: Path, device: torch.device, strategy: Strategy) -> tuple[Position, dict[str, Tensor]]:
    """The last state of a run, whose folder is settled, as far as this process has it.

    Raises:
        SpecError: it cannot be read, or the run was spread over processes in another way.
    """
    tensors: dict[str, Tensor] = {}
    try:
        with safe_open(folder / STATE, "pt") as file:
            position = Position.model_validate_json(file.metadata()[_POSITION])
        check_strategy(folder, position, strategy)
        for rank in strategy.state_files:
            with safe_open(folder / state_file(rank), "pt", device=str(device)) as file:
                tensors |= {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping
        return position, tensors
    except (OSError, KeyError, ValidationError, SafetensorError) as error:
        reason = f"its state cannot be read ({type(error).__name__}): another version of nnspec wrote it"
        raise SpecError.of(BadRun(None, str(folder), reason, "start the run again")) from None


def check_strategy(folder: Path, position: Position, strategy: Strategy) -> None:
    """Check that a run goes on in as many processes as it began in, and that each has what it had.

    Raises:
        SpecError: it does not.
    """
    before, now = _spread(position.strategy, position.processes), _spread(strategy.name, strategy.processes)
    if before != now:
        raise SpecError.of(
            BadRun(None, str(folder), f"it was trained {before}", f"go on with it as it began, not {now}")
        )


def _spread(name: str | None, processes: int) -> str:
    return "in one process" if name is None else f"with --strategy {name} in {processes} processes"


def optimizer_tensors(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """The state of every parameter: `PREFIX.INDEX.NAME`; of a list its length, and each item as `NAME.ITEM`.

    Numbers of Python's own are tensors of 64 bits without dimensions, which no optimizer has otherwise.
    """
    found: dict[str, Tensor] = {}
    for index, entries in optimizer.state_dict()["state"].items():
        for name, value in entries.items():
            key = f"{prefix}.{index}.{name}"
            if isinstance(value, list):
                found[key] = torch.tensor(len(value))
                found |= {f"{key}.{item}": _stored(each) for item, each in enumerate(value) if each is not None}
            elif value is not None:
                found[key] = _stored(value)
    return found


def _stored(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else torch.int64)


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], strategy: Strategy, prefix: str
) -> None:
    """The opposite of `optimizer_tensors`."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        if key.startswith(f"{prefix}."):
            _, index, name = key.split(".", 2)
            number = tensor.ndim == 0 and tensor.dtype in (torch.float64, torch.int64)
            value = tensor.item() if number else strategy.placed(tensor, weights[int(index)])
            state.setdefault(int(index), {})[name] = value
    for entries in state.values():
        for key in [key for key in entries if "." in key]:
            name = key.partition(".")[0]
            if not isinstance(entries[name], list):
                entries[name] = [entries.get(f"{name}.{item}") for item in range(entries[name])]
        for key in [key for key in entries if "." in key]:
            del entries[key]
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

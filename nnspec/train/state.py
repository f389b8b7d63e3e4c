"""Everything that a run needs to go on exactly where it stopped: `state.safetensors` in its folder.

Of several processes each has a file of its own, with its share of the weights or its random states. Any number of
processes can go on from them.
The tensors are weights, moments and random states; the numbers are JSON in the file's metadata. The manifest of the
folder has its digest. No pickle is read or written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
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
_POSITION, _SHARDS = "nnspec.position", "nnspec.shards"
RANDOM = frozenset({"random.cpu", "random.cuda"})  # of the layers of a process
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


def write_state(path: Path, position: Position, tensors: Mapping[str, Tensor], shards: Collection[str] = ()) -> None:
    """The file of a state; of the tensors called `shards` it has a process's part alone.

    Raises:
        SpecError: it cannot be written.
    """
    write_tensors(path, tensors, {_POSITION: position.model_dump_json(), _SHARDS: json.dumps(sorted(shards))})


def state_file(rank: int) -> str:
    """The name of the file with the state of a process."""
    return f"state.{rank}.safetensors" if rank else STATE


def load_state(folder: Path, device: torch.device, strategy: Strategy) -> tuple[Position, dict[str, Tensor]]:
    """The last state of a run, whose folder is settled, as far as this process needs it.

    In as many processes as before, each has what it had, to the last bit. In another number of them, or spread in
    another way, each has all tensors whole; a process that is new has no random states and draws its own.

    Raises:
        SpecError: it cannot be read.
    """
    try:
        position, shards = _described(folder)
        again = (position.strategy, position.processes) == (strategy.name, strategy.processes)
        files = strategy.state_files if again else (0, strategy.rank)
        tensors: dict[str, Tensor] = {}
        for rank in files:
            if rank < position.processes:
                tensors |= _tensors(folder, rank, device)
        if not again:
            if strategy.rank >= position.processes:
                tensors = {name: tensor for name, tensor in tensors.items() if name not in RANDOM}
            parts = [_tensors(folder, rank, device, shards) for rank in range(position.processes if shards else 0)]
            tensors |= {name: torch.cat([part[name] for part in parts]) for name in shards}
        return position.model_copy(update={"strategy": strategy.name, "processes": strategy.processes}), tensors
    except (OSError, KeyError, ValidationError, SafetensorError) as error:
        reason = f"its state cannot be read ({type(error).__name__}): another version of nnspec wrote it"
        raise SpecError.of(BadRun(None, str(folder), reason, "start the run again")) from None


def _described(folder: Path) -> tuple[Position, list[str]]:
    """The position of a state, and the names of the tensors of which each process has a part."""
    with safe_open(folder / STATE, "pt") as file:
        metadata = file.metadata()
    return Position.model_validate_json(metadata[_POSITION]), json.loads(metadata.get(_SHARDS, "[]"))


def _tensors(folder: Path, rank: int, device: torch.device, names: Collection[str] | None = None) -> dict[str, Tensor]:
    """The tensors of the state of a process, all of them or those of these names."""
    with safe_open(folder / state_file(rank), "pt", device=str(device)) as file:
        return {key: file.get_tensor(key) for key in file.keys() if names is None or key in names}  # noqa: SIM118


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
    if "random.cpu" in tensors:
        torch.set_rng_state(tensors["random.cpu"].cpu())
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"].cpu(), device)

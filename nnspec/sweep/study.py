"""A study of Optuna that several processes and nodes share, its samplers and its pruners."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalRedisBackend

from nnspec.diagnostics import SpecError, nearest
from nnspec.elaborate.frame import Frame
from nnspec.output import CannotWrite
from nnspec.recipe.call import Call, from_call
from nnspec.sweep.claims import FileLock
from nnspec.sweep.mistakes import UnknownMethod
from nnspec.sweep.space import Space

JOURNAL = "study.log"
UNSUITED = {  # that need what a search from the command line does not have
    "BaseSampler", "BaseGASampler", "PartialFixedSampler", "BasePruner", "PatientPruner", "WilcoxonPruner",
}  # fmt: skip
DRAWN_ONCE = ("GridSampler", "BruteForceSampler", "QMCSampler")  # their seed is that of an order, the same for all


def open_study(folder: Path, storage: str | None, name: str, rises: bool) -> optuna.Study:
    """The study of a search, made where there is none yet.

    Args:
        folder: of the search, with the file of the study unless it is stored elsewhere.
        storage: the URL of a database (or of Redis); None for the file.
        name: of the study.
        rises: whether more of the value is better.

    Raises:
        SpecError: the storage cannot be reached.
    """
    optuna.logging.set_verbosity(logging.ERROR)
    direction: Literal["maximize", "minimize"] = "maximize" if rises else "minimize"
    try:
        with _quiet():
            return optuna.create_study(
                storage=_storage(folder, storage), study_name=name, direction=direction, load_if_exists=True
            )
    except Exception as error:  # of whatever driver
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SpecError.of(CannotWrite(None, storage or str(folder / JOURNAL), reason)) from None


def _storage(folder: Path, storage: str | None) -> BaseStorage:
    if storage is None:
        lock: Any = FileLock(folder / f"{JOURNAL}.lock")  # Optuna's own are not freed by a kill
        return JournalStorage(JournalFileBackend(str(folder / JOURNAL), lock_obj=lock))
    return JournalStorage(JournalRedisBackend(storage)) if storage.startswith("redis") else RDBStorage(storage)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that Optuna calls experimental
        yield


def sampler(text: str, seed: int, space: Space) -> BaseSampler:
    """The sampler of a name, `TPESampler(multivariate = true)`.

    Raises:
        SpecError: there is no such one, or it takes other arguments.
    """
    fixed: dict[str, Any] = {"seed": seed}
    if text.startswith("GridSampler"):
        grid = {name: each.values for name, each in space.items()}
        for name, values in grid.items():
            if values is None:
                way = f"give {name} values, or the distance between two: {name}=0.1..0.5:0.1"
                raise SpecError.of(UnknownMethod(None, text, f"{name} has numbers beyond count", way))
        fixed["search_space"] = grid
    if text.startswith("TPESampler"):
        fixed["constant_liar"] = True  # trials that are running elsewhere keep others away
    made = _made("sampler", text, optuna.samplers, fixed)
    assert isinstance(made, BaseSampler)
    return made


def pruner(text: str) -> BasePruner:
    """The pruner of a name, `MedianPruner(n_warmup_steps = 3)`.

    Raises:
        SpecError: there is no such one, or it takes other arguments.
    """
    made = _made("pruner", text, optuna.pruners, {})
    assert isinstance(made, BasePruner)
    return made


def _made(what: str, text: str, module: Any, fixed: dict[str, Any]) -> object:
    ending = what.capitalize()
    known = [name for name in dir(module) if name.endswith(ending) and name not in UNSUITED]

    def make(frame: Frame, call: Call) -> object:
        if call.name not in known:
            close = nearest(call.name or "", known)
            advice = f"did you mean {close}?" if close else f"write one of {', '.join(known)}"
            frame.fail(UnknownMethod(call.span, f"--{what}", f"Optuna has no {what} {call.name or text}", advice))
        cls = getattr(module, call.name)
        parameters = inspect.signature(cls).parameters
        for name in call.named.keys() - parameters.keys():
            advice = f"its arguments are {', '.join(parameters)}"
            frame.fail(UnknownMethod(call.places[name], call.name, f"it has no argument {name}", advice))
        own = {key: value for key, value in fixed.items() if key in parameters}
        try:
            with _quiet():
                return cls(*call.positional, **{**own, **call.named})
        except (TypeError, ValueError, ImportError) as error:
            reason = str(error).splitlines()[0]
            frame.fail(UnknownMethod(call.span, call.name, reason, f"its arguments are {', '.join(parameters)}"))

    return from_call(f"--{what}", text, make)

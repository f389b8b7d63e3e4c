"""Results of a trained model on samples that were held out: the classes it confuses, the pictures it makes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from nnspec.layers.families.loss import Accuracy, CrossEntropyLoss
from nnspec.recipe.objective import Objective
from nnspec.train.confusion import write_confusion
from nnspec.train.loop import Loop
from nnspec.train.prepare import Prepared
from nnspec.train.randomness import own_randomness
from nnspec.train.sheet import COLUMNS, write_sheet

CLASSES = 1000  # of a table of confusions


def write_outcome(folder: Path, loop: Loop, prepared: Prepared) -> None:
    """`confusion.csv` and `confusion.png` of a classifier, `samples.png` of what makes pictures.

    Raises:
        SpecError: a file cannot be written.
    """
    compared = compared_classes(prepared.objective)
    if compared is not None:
        _write_confusion(folder, loop, prepared.known.classes, *compared)
    write_samples(folder, loop, prepared)


def compared_classes(objective: Objective) -> tuple[str, str] | None:
    """The output of the model that tells classes apart, and the field with the right ones; None without such."""
    for program in (objective.metrics, *objective.losses):
        main = program.main if program else None
        inputs = {port.value: port.name for port in main.inputs} if main else {}
        for call in main.calls if main else ():
            known = all(name in inputs for name in call.inputs)
            if main and known and isinstance(call.callee, (Accuracy, CrossEntropyLoss)):
                scores, target = main.types(call.inputs)
                if scores and target and scores.rank == 2 and target.dtype == "int":
                    return inputs[call.inputs[0]], inputs[call.inputs[1]]
    return None


def _write_confusion(folder: Path, loop: Loop, names: tuple[str, ...], output: str, field: str) -> None:
    """A row for each class, a column for each that it was taken for."""
    task = loop.task
    if output not in {name for name, training in task.outputs if not training}:
        return
    found, wanted = [], []
    with loop.stored(), torch.no_grad():
        for part, _ in task.validation.in_order():
            loop.network.evaluate(part)
            found.append(part[output].argmax(1).cpu())
            wanted.append(part[field].cpu())
            classes = part[output].shape[1]
    if classes > CLASSES:
        return
    right = torch.cat(wanted)
    counts = torch.bincount(right[right >= 0] * classes + torch.cat(found)[right >= 0], minlength=classes**2)
    labels = [names[index] if index < len(names) else str(index) for index in range(classes)]
    write_confusion(folder, field, labels, counts.view(classes, classes))


def write_samples(folder: Path, loop: Loop, prepared: Prepared) -> None:
    """`samples.png`: the pictures of the recipe's `sample`; of an autoencoder, what it is given and what it gives.

    Whenever it is drawn, it begins with the same random numbers, and the run goes on as if it had not been.

    Raises:
        SpecError: it cannot be written.
    """
    task = loop.task
    with loop.stored(), torch.no_grad(), own_randomness(task.device):
        torch.manual_seed(task.recipe.seed)
        pictures = _drawn(loop) if task.sample is not None else _reconstructed(loop, prepared)
    if pictures is not None:
        write_sheet(folder / "samples.png", pictures)


def _drawn(loop: Loop) -> Tensor:
    assert loop.task.sample is not None
    part = loop.task.validation.head(COLUMNS * COLUMNS)
    loop.network.evaluate(part)
    made = loop.task.sample(part)
    assert isinstance(made, Tensor)
    return made


def _reconstructed(loop: Loop, prepared: Prepared) -> Tensor | None:
    """The pictures given to an autoencoder, and below them those it gives; None for other models."""
    task = loop.task
    part = task.validation.head(COLUMNS)
    loop.network.evaluate(part)
    given = part[task.inputs[0]] if task.inputs else None
    found = next((part[name] for name, training in task.outputs if not training), None)
    if given is None or found is None or given.ndim != 4 or found.shape != given.shape or given.shape[1] not in (1, 3):
        return None
    name = task.inputs[0]
    made = found.float().cpu()
    return torch.cat([_shades(given, name, prepared), _shades(made, name, prepared) if prepared.targets else made])


def _shades(pictures: Tensor, name: str, prepared: Prepared) -> Tensor:
    """Pictures as they were before they were normalised as an input is."""
    known = prepared.statistics.get(name)
    if known is None:
        return pictures.float().cpu()
    mean, std = (torch.tensor(x).view(1, -1, 1, 1) for x in (known.mean, known.std))
    result: Tensor = pictures.float().cpu() * std + mean
    return result

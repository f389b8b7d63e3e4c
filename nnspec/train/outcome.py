"""What a trained model does with samples that were held out: which classes it confuses, what it makes of pictures."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from nnspec.elaborate.objective import Objective
from nnspec.layers.families.loss import Accuracy, CrossEntropyLoss
from nnspec.output import replacing
from nnspec.train.folder import write
from nnspec.train.loop import Loop
from nnspec.train.prepare import Prepared

SHOWN = 8  # pictures
CLASSES = 1000  # of a table of confusions


def write_outcome(folder: Path, loop: Loop, prepared: Prepared) -> None:
    """`confusion.csv` of a classifier, `samples.png` of a model that gives pictures like those it takes.

    Raises:
        SpecError: a file cannot be written.
    """
    compared = compared_classes(prepared.objective)
    if compared is not None:
        _write_confusion(folder / "confusion.csv", loop, prepared.classes, *compared)
    _write_samples(folder / "samples.png", loop, prepared)


def compared_classes(objective: Objective) -> tuple[str, str] | None:
    """The output of the model that tells classes apart, and the field with the right ones; None without such."""
    for program in (objective.metrics, objective.loss):
        main = program.main if program else None
        inputs = {port.value: port.name for port in main.inputs} if main else {}
        for call in main.calls if main else ():
            known = all(name in inputs for name in call.inputs)
            if main and known and isinstance(call.callee, (Accuracy, CrossEntropyLoss)):
                scores, target = main.types(call.inputs)
                if scores and target and scores.rank == 2 and target.dtype == "int":
                    return inputs[call.inputs[0]], inputs[call.inputs[1]]
    return None


def _write_confusion(path: Path, loop: Loop, names: tuple[str, ...], output: str, field: str) -> None:
    """A row for each class, a column for each that it was taken for."""
    task = loop.task
    if output not in {name for name, training in task.outputs if not training}:
        return
    found, wanted = [], []
    with loop.stored(), torch.no_grad():
        for part in loop.parts():
            loop.forward(part)
            found.append(part[output].argmax(1).cpu())
            wanted.append(part[field].cpu())
            classes = part[output].shape[1]
    if classes > CLASSES:
        return
    right = torch.cat(wanted)
    counts = torch.bincount(right[right >= 0] * classes + torch.cat(found)[right >= 0], minlength=classes**2)
    labels = [names[index] if index < len(names) else str(index) for index in range(classes)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field, *labels])
    writer.writerows([label, *row] for label, row in zip(labels, counts.view(classes, classes).tolist(), strict=True))
    write(path, text.getvalue())


def _write_samples(path: Path, loop: Loop, prepared: Prepared) -> None:
    """Pictures that the model is given, and below them what it gives."""
    part = {name: tensor[:SHOWN] for name, tensor in loop.task.validation.items()}
    given = part[loop.task.inputs[0]]
    with loop.stored(), torch.no_grad():
        loop.forward(part)
    made = next((part[name] for name, training in loop.task.outputs if not training), None)
    if made is None or given.ndim != 4 or made.shape != given.shape or given.shape[1] not in (1, 3):
        return
    rows = torch.stack([_shades(given, prepared), made.float().cpu()]).clamp(0, 1)  # [2, N, C, H, W]
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1).mul(255).round().byte()  # [2 H, N W, C]
    array = sheet.numpy()
    picture = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")


def _shades(pictures: Tensor, prepared: Prepared) -> Tensor:
    """Pictures as they were before they were normalised."""
    if prepared.mean is None or prepared.std is None:
        return pictures.float().cpu()
    mean, std = (torch.tensor(x).view(1, -1, 1, 1) for x in (prepared.mean, prepared.std))
    result: Tensor = pictures.float().cpu() * std + mean
    return result

"""Folders of many pictures: some are read and run at a time, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.infer.files import ARRAYS, Given, files_of, is_text
from nnspec.infer.pictures import picture_input
from nnspec.infer.session import Session
from nnspec.infer.uneven import Group
from nnspec.reading.tables import SUFFIXES as TABLES

PORTION = 256  # pictures


def by_portion(session: Session, given: Sequence[Given]) -> list[Group]:
    """The pictures, some at a time; nothing where they are few, may differ in size, or come with something else.

    Raises:
        SpecError: a file is not there.
    """
    named = {name for name, _ in given}
    if len(session.inputs) != 1 or len(named) != 1 or any(is_text(source) for _, source in given):
        return []
    port, name = session.inputs[0], next(iter(named))
    frame = picture_input(port)
    if name not in (None, port.name) or frame is None or frame.height is None or frame.width is None:
        return []
    samples = port.shape[0]  # a symbol, which each output must begin with: other sizes are not of a batch
    if isinstance(samples, int) or any(not each.shape or each.shape[0] != samples for each in session.outputs):
        return []
    files = [file for _, source in given for file in files_of(source)]
    if len(files) <= PORTION or any(file.suffix.lower() in (*ARRAYS, *TABLES) for file in files):
        return []
    starts = range(0, len(files), PORTION)
    parts = [files[start : start + PORTION] for start in starts]
    return [
        Group(tuple(range(start, start + len(part))), tuple((name, file) for file in part))
        for start, part in zip(starts, parts, strict=True)
    ]

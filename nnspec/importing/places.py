"""Places in the code that is imported: the innermost line that is not torch's own."""

from __future__ import annotations

import re
import traceback

from nnspec.importing.network import Origin

_FRAME = re.compile(r'File "([^"]+)", line (\d+), in [^\n]*\n(?:\s+([^\n]+))?')
_OTHERS = re.compile(
    r"[/\\](?:site-packages|dist-packages)[/\\]torch[/\\]|[/\\]nnspec[/\\]importing[/\\]|[/\\]contextlib\.py$"
)


def of_trace(text: str | None) -> Origin | None:
    """The innermost frame of a stack trace that lies in the user's code."""
    found = _FRAME.findall(text or "")
    for file, line, code in reversed(found):
        if not _OTHERS.search(file):
            return Origin(file, int(line), code)
    return None


def innermost(error: BaseException) -> Origin | None:
    """The line of the user's code in which an error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if not _OTHERS.search(frame.filename):
            return Origin(frame.filename, frame.lineno or 0, frame.line or "")
    return None

"""Mistakes as values: each kind is one small class beside the stage that finds it; views render them.

Stages report into a `Sink` and go on. A `SpecError` carries what was found to the caller.
"""

from nnspec.diagnostics.diagnostic import Diagnostic, Label, Origin, nearest
from nnspec.diagnostics.sink import Sink, SpecError
from nnspec.diagnostics.source import Source, Span

__all__ = ["Diagnostic", "Label", "Origin", "Sink", "Source", "Span", "SpecError", "nearest"]

"""The summary of a network: layers, shapes, parameters, multiply-accumulates, memory. Needs no torch."""

from nnspec.summary.row import Row
from nnspec.summary.summary import Summary, summarise

__all__ = ["Row", "Summary", "summarise"]

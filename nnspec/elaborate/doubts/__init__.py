"""Warnings of a sound program: what can hardly be meant, found by passes over it."""

from nnspec.diagnostics import Sink
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.doubts.idle import UnusedStep, doubt_idle_weights
from nnspec.elaborate.doubts.names import UnknownElsewhere, doubt_names
from nnspec.elaborate.doubts.pictures import ChannelsLast, SingleSample, doubt_channels_last, doubt_single_samples
from nnspec.elaborate.doubts.time import RunsAlongSamples, doubt_time
from nnspec.ir import Program

__all__ = ["ChannelsLast", "RunsAlongSamples", "SingleSample", "UnknownElsewhere", "UnusedStep", "doubt", "doubt_names"]


def doubt(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Add the warnings of a program to the sink."""
    doubt_idle_weights(program, declarations, sink)
    doubt_channels_last(program, declarations, sink)
    doubt_single_samples(program, declarations, sink)
    doubt_time(program, declarations, sink)
    doubt_names(declarations, sink, program.main.name)

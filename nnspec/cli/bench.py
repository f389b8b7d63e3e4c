"""`nnspec bench`: how fast a model runs in onnxruntime, in PyTorch, and in compiled PyTorch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nnspec.cli.columns import columns
from nnspec.cli.options import SpecArguments, in_range, reporting, spec_arguments
from nnspec.cli.weight_options import weight_choice, weights_of
from nnspec.kinds import kind_of
from nnspec.weights.source import WeightSource

if TYPE_CHECKING:
    from nnspec.bench.measure import Measured

HEAD = ("runtime", "p50 ms", "p90", "p99", "CPU ms", "samples/s", "load s", "first run s", "memory MiB")


def _batches(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    texts = value.split(",") if value else []
    if not all(text.isascii() and text.isdecimal() and 0 < int(text) < 10**6 for text in texts):
        raise click.BadParameter(f"{value!r} is no list of numbers such as 1,8")
    return tuple(map(int, texts))


def _sizes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    sizes = {}
    for value in values:
        name, _, text = value.partition("=")
        if not (name.isidentifier() and text.isascii() and text.isdecimal() and 0 < int(text) < 10**9):
            raise click.BadParameter(f"{value!r} is not NAME=NUMBER")
        sizes[name] = int(text)
    return sizes


@click.command("bench")
@spec_arguments
@weight_choice("Weights: safetensors or a PyTorch checkpoint; untrained if left out.")
@click.option("--batch", "batches", callback=_batches, metavar="1,8", help="Sizes of the batch; 1 if left out.")
@click.option("--size", "sizes", multiple=True, callback=_sizes, metavar="T=128", help="The size of another symbol.")
@click.option("--provider", type=click.Choice(["cpu", "cuda", "tensorrt"]), default="cpu", show_default=True,
              help="What onnxruntime runs on; PyTorch runs on the same device.")  # fmt: skip
@click.option("--threads", type=in_range("threads"), metavar="N", help="Of the processor; each runtime's choice "
              "if left out.")  # fmt: skip
@click.option("--seconds", type=in_range("seconds"), default=3.0, show_default=True,
              help="How long each is run for each batch.")  # fmt: skip
@click.option("--compiled/--no-compiled", default=True,
              help="Whether to compile it with PyTorch, which may take a minute for each batch.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the time of every run in seconds.")
@reporting
def command(
    spec: SpecArguments,
    weights: WeightSource | None,
    batches: tuple[int, ...],
    sizes: dict[str, int],
    provider: str,
    threads: int | None,
    seconds: float,
    compiled: bool,
    as_json: bool,
) -> None:
    """Measure MODEL.nn as ONNX in onnxruntime, as PyTorch, and as compiled PyTorch, side by side on random inputs.

    Each runs in a process of its own, and they take turns, so that a busy machine disturbs all alike. Latencies are
    percentiles of single runs; the memory is the peak of the process above what its imports take. What cannot be
    measured is a row that says why.

    MODEL may be an .onnx file: onnxruntime runs it as it is, PyTorch the spec that it is imported as.
    """
    model = spec.load()
    weights = weights_of(model, weights)
    found = model.benchmark(
        weights,
        batches=batches,
        sizes=sizes,
        provider=provider,
        threads=threads,
        seconds=seconds,
        compiled=compiled,
        onnx=spec.path if kind_of(spec.path) == "onnx" else None,
        limits=spec.limits,
    )
    if as_json:
        click.echo(json.dumps([{name: getattr(each, name) for name in each.record_fields} for each in found], indent=1))
        return
    for case in dict.fromkeys(each.case for each in found):
        click.echo(f"{case}, {provider}, {f'threads: {threads}' if threads else 'default threads'}")
        for line in _table([each for each in found if each.case == case]):
            click.echo(f"  {line}")


def _table(rows: Sequence[Measured]) -> list[str]:
    """Columns of what was measured, and below them what was not."""
    measured = [_row(each) for each in rows if not each.failed]
    failed = [f"{each.candidate}: {each.failed}" for each in rows if each.failed]
    return [*(columns([HEAD, *measured], numbers=True) if measured else []), *failed]


def _row(each: Measured) -> tuple[str, ...]:
    latencies = [1e3 * each.percentile(share) for share in (50, 90, 99)]
    cpu = 1e3 * each.percentile(50, "cpu")
    speed = each.samples * len(each.wall) / sum(each.wall)
    return (
        each.candidate,
        *(f"{number:.2f}" for number in (*latencies, cpu)),
        f"{speed:,.1f}",
        f"{each.load:.2f}",
        f"{each.first:.2f}",
        f"{each.memory / 2**20:,.0f}",
    )

"""Samples of several data sets behind one another, read with the same numbers: parts that have files of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.samples import Form, Hash, Held, Indices, Rows, Samples
from nnspec.train.data.vocabulary import PADDING


class OtherFields(Diagnostic):
    """A part that is read from elsewhere does not have the fields of the training data, in their form."""

    code = "E0674"
    part: str
    problem: str

    @property
    def message(self) -> str:
        return f"{self.part} does not fit the training data: {self.problem}"

    @property
    def help(self) -> str | None:
        return "give data of the same kind, with the same columns and sizes"


class Joined(Samples):
    """Samples of several sources."""

    def __init__(self, sources: Sequence[Samples]) -> None:
        self.sources = sources
        first = sources[0]
        self.forms = first.forms
        self.varies = any(each.varies for each in sources)
        self.decoded = any(each.decoded for each in sources)
        if first.shards is not None:
            self.shards = [size for each in sources for size in each.shards or [len(each)]]
            self.buffer = first.buffer
        self.starts = np.cumsum([0, *map(len, sources)])
        shared = [name for name in first.known if all(name in each.known for each in sources)]
        self.known = {name: torch.cat([each.known[name] for each in sources]) for name in shared}
        both = [name for name in first.ranges if all(name in each.ranges for each in sources)]
        bounds = {name: [each.ranges[name] for each in sources] for name in both}
        self.ranges = {name: (min(a for a, _ in own), max(b for _, b in own)) for name, own in bounds.items()}

    def __len__(self) -> int:
        return int(self.starts[-1])

    def _source(self, index: int) -> tuple[Samples, int]:
        place = int(np.searchsorted(self.starts, index, side="right")) - 1
        return self.sources[place], index - int(self.starts[place])

    def rows(self, indices: Indices) -> Rows:
        places = np.searchsorted(self.starts, indices, side="right") - 1
        made: Rows = {}
        for place in np.unique(places).tolist():
            chosen = np.flatnonzero(places == place)
            for name, rows in self.sources[place].rows(indices[chosen] - self.starts[place]).items():
                if name not in made:
                    made[name] = rows.new_empty((len(indices), *rows.shape[1:]))
                made[name][torch.from_numpy(chosen)] = rows
        return made

    def fill(self, indices: Indices, rows: Rows) -> None:
        places = np.searchsorted(self.starts, indices, side="right") - 1
        if len(indices) and (places == places[0]).all():
            self.sources[places[0]].fill(indices - self.starts[places[0]], rows)
        else:
            super().fill(indices, rows)

    def place(self, index: int) -> str:
        source, own = self._source(index)
        return source.place(own)

    def identify(self, hashed: Hash) -> None:
        for each in self.sources:
            each.identify(hashed)


def joined(data: DataSet, others: dict[str, DataSet], span: Span | None) -> Samples:
    """The samples of a data set, and behind them those of the others, by the part that they are.

    Raises:
        SpecError: they have other fields, or fields of another form.
    """
    sources = [data.samples, *(each.samples for each in others.values())]
    if all(isinstance(each, Held) for each in sources):
        sources = _padded(data, [each for each in sources if isinstance(each, Held)])
    for part, each in zip(others, sources[1:], strict=True):
        problem = _difference(sources[0].forms, each.forms)
        if problem is not None:
            raise SpecError.of(OtherFields(span, part, problem))
    return Joined(sources)


def _difference(forms: Mapping[str, Form], others: Mapping[str, Form]) -> str | None:
    """The first difference between fields, in words."""
    for name, form in forms.items():
        if name not in others:
            return f"it has no {name}"
        if others[name] != form:
            return f"{name} is {_shown(others[name])}, and {_shown(form)} there"
    return None


def _shown(form: Form) -> str:
    sizes = ", ".join(["N", *map(str, form.sizes)])
    return f"[{sizes}] of {str(form.dtype).removeprefix('torch.')}"


def _padded(data: DataSet, sources: list[Held]) -> list[Samples]:
    """Samples with sequences of tokens of one length: shorter ones are filled up."""
    names = data.samples.forms if data.vocabularies else {}
    texts = [name for name in names if all(_is_sequence(each, name) for each in sources)]
    longest = {name: max(each.known[name].shape[1] for each in sources) for name in texts}
    made: list[Samples] = []
    for each in sources:
        short = {name: _filled(each.known[name], size) for name, size in longest.items()}
        made.append(Held({**each.known, **short}, source=each) if short else each)
    return made


def _is_sequence(samples: Held, name: str) -> bool:
    tensor = samples.known.get(name)
    return tensor is not None and tensor.ndim == 2 and not tensor.is_floating_point()


def _filled(tensor: Tensor, size: int) -> Tensor:
    return torch.nn.functional.pad(tensor, (0, size - tensor.shape[1]), value=PADDING)

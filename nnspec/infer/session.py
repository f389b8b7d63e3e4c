"""`Session`: an ONNX model with named inputs and outputs, run by onnxruntime; inputs are checked before it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.arguments import typed
from nnspec.diagnostics import SpecError, nearest
from nnspec.dims import Size
from nnspec.infer.binding import Binding
from nnspec.infer.demands import demands
from nnspec.infer.metadata import class_names
from nnspec.infer.mistakes import NotBatches, RunFailed, SizeOutside, UnknownInput, UnreadableModel
from nnspec.infer.ports import TensorPort
from nnspec.infer.providers import DEVICES, open_on
from nnspec.infer.vocabulary import Vocabulary, read_vocabulary
from nnspec.ir.batch import BATCH
from nnspec.to_onnx.runtime import ERRORS, TENSORS, reason
from nnspec.weights.arrays import Array


@typed
class Session:
    """A model that runs on one device."""

    def __init__(
        self, model: str | PathLike[str] | bytes, provider: str = "cpu", *, threads: int | None = None
    ) -> None:
        """Open a model file, or a model in memory.

        Args:
            model: the path of an .onnx file, or its content.
            provider: "cpu", "cuda", "tensorrt", or "auto" for CUDA where it works and else the processor; which it is
                stands in `provider`.
            threads: how many the processor uses for an operator; onnxruntime's choice if it is left out.

        Raises:
            SpecError: the file is missing or damaged, or the provider cannot be used.
        """
        self.path = "in memory" if isinstance(model, bytes) else str(model)
        if not isinstance(model, bytes) and not Path(model).is_file():
            raise SpecError.of(UnreadableModel(None, self.path, "there is no such file"))
        self._session, self.provider = open_on(model, provider, threads)
        self.inputs = tuple(map(self._port, self._session.get_inputs()))
        self.outputs = tuple(map(self._port, self._session.get_outputs()))
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.demands = demands(self.metadata, [port.name for port in self.inputs])

    def __repr__(self) -> str:
        ports = (", ".join(f"{port.name} {port}" for port in each) for each in (self.inputs, self.outputs))
        return f"<Session {self.path} on {self.provider}: {' -> '.join(ports)}>"

    def _port(self, value: Any) -> TensorPort:
        if value.type not in TENSORS:
            raise SpecError.of(UnreadableModel(None, self.path, f"{value.name} is of type {value.type}"))
        shape = tuple(None if size == "" else size for size in value.shape)
        return TensorPort(value.name, np.dtype(TENSORS[value.type]), shape)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that the model was trained to tell apart; none where the file holds none.

        Raises:
            SpecError: what is stored is no list of names.
        """
        return tuple(class_names(self.metadata))

    def vocabulary(self, name: str) -> Vocabulary | None:
        """The vocabulary of an input, which makes numbers of texts, and texts of numbers; None where there is none.

        Args:
            name: of the input.

        Raises:
            SpecError: what is stored cannot be used.
        """
        return read_vocabulary(name, self.metadata)

    def run(self, inputs: Mapping[str, Any], *, batch: int | None = None) -> dict[str, Array]:
        """The outputs by name, for arrays by the names of the inputs.

        Args:
            inputs: arrays, or what becomes one.
            batch: how many samples are computed at a time, where there are more of them; all if it is left out.

        Raises:
            SpecError: an input is missing or unknown, or does not fit; or an operator refuses the values; or the
                model's samples are not known to be apart.
        """
        self._check_names(inputs)
        known: dict[str, Size] = {}
        arrays = {port.name: self._fitted(port, inputs[port.name], known) for port in self.inputs}
        empty = self.demands.sizes(known)
        if empty:
            return self._nothing(known, empty)
        samples = 0 if batch is None else self._samples(arrays)
        if batch is None or samples <= batch:
            return self._run(arrays)
        starts = range(0, samples, batch)
        parts = [self._run({name: array[i : i + batch] for name, array in arrays.items()}) for i in starts]
        return {port.name: np.concatenate([part[port.name] for part in parts]) for port in self.outputs}

    def bind(self, inputs: Mapping[str, Any]) -> Binding:
        """Inputs that are put on the device once, for runs that leave the outputs there too; see `Binding`.

        Args:
            inputs: numpy arrays; or values on the device already: outputs of a binding, tensors of PyTorch.

        Raises:
            SpecError: an input is missing or unknown, or does not fit.
        """
        self._check_names(inputs)
        return Binding(self._session, self.inputs, self.outputs, self.demands, DEVICES[self.provider], inputs)

    def _run(self, arrays: dict[str, Array]) -> dict[str, Array]:
        names = [port.name for port in self.outputs]
        try:
            return dict(zip(names, self._session.run(names, arrays), strict=True))
        except ERRORS as error:
            raise SpecError.of(RunFailed(None, reason(error))) from None

    def _fitted(self, port: TensorPort, value: Any, known: dict[str, Size]) -> Array:
        return port.fitted(self.demands.value(port, port.array(value)), known)

    def _nothing(self, known: Mapping[str, Size], empty: Collection[str]) -> dict[str, Array]:
        """The outputs for nothing: of the shape that they have for one of each, without it.

        Kernels of onnxruntime end the process where there is nothing to compute.

        Raises:
            SpecError: an output is something even of nothing, such as a mean.
        """
        sizes = {name: 1 if name in empty else size for name, size in known.items()}
        ones = {port.name: np.zeros(port.sizes(sizes, (1,) * len(port.shape)), port.dtype) for port in self.inputs}
        found = {}
        for port, array in zip(self.outputs, self._run(ones).values(), strict=True):
            shape = port.sizes(known, array.shape)
            if 0 not in shape:
                name = next(iter(empty))
                raise SpecError.of(SizeOutside(None, name, 0, None))
            found[port.name] = np.zeros(shape, array.dtype)
        return found

    def _check_names(self, inputs: Mapping[str, Any]) -> None:
        names = tuple(port.name for port in self.inputs)
        for name in inputs:
            if name not in names:
                raise SpecError.of(UnknownInput(None, f"the model has no input {name}", names, nearest(name, names)))
        for name in names:
            if name not in inputs:
                raise SpecError.of(UnknownInput(None, f"the input {name} has no value", names))

    def _samples(self, arrays: dict[str, Array]) -> int:
        """The number of samples, where the file says that its inputs and outputs begin with them."""
        if BATCH not in self.metadata:
            raise SpecError.of(NotBatches(None, self.path))
        return len(next(iter(arrays.values())))

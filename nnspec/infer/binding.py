"""`Binding`: inputs and outputs that stay on the device of a session, so that repeated runs copy nothing.

Outputs are new tensors on the device after every run. They can be bound as inputs of the next one, as a decoder does
with its keys and values, and are copied to the processor only by `arrays`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

from nnspec.diagnostics import SpecError
from nnspec.dims import Size
from nnspec.infer.demands import Demands
from nnspec.infer.mistakes import NoArray, RunFailed, SizeOutside, UnknownInput
from nnspec.infer.ports import TensorPort
from nnspec.to_onnx.runtime import ERRORS, TENSORS, reason
from nnspec.weights.arrays import Array


class Binding:
    """The inputs of a session on its device; made by `Session.bind`."""

    def __init__(
        self,
        session: ort.InferenceSession,
        inputs: Sequence[TensorPort],
        outputs: Sequence[TensorPort],
        demands: Demands,
        device: str,
        values: Mapping[str, Any],
    ) -> None:
        self._session, self._device = session, device
        self._inputs = {port.name: port for port in inputs}
        self._outputs = outputs
        self._demands = demands
        self._binding = session.io_binding()
        self.put(**values)

    def __repr__(self) -> str:
        return f"<Binding of {', '.join(self._inputs)} on {self._device}>"

    def put(self, **values: Any) -> None:
        """Bind other values to inputs: arrays are copied to the device, what is there already is taken as it is.

        Raises:
            SpecError: there is no such input, or a value does not fit it.
        """
        known: dict[str, Size] = {}
        for name, value in values.items():
            if name not in self._inputs:
                raise SpecError.of(UnknownInput(None, f"the model has no input {name}", tuple(self._inputs)))
            self._binding.bind_ortvalue_input(name, self._on_device(self._inputs[name], value, known))
        for name in self._demands.sizes(known):
            raise SpecError.of(SizeOutside(None, name, 0, None))

    def _on_device(self, port: TensorPort, value: Any, known: dict[str, Size]) -> ort.OrtValue:
        try:
            if not isinstance(value, (ort.OrtValue, np.ndarray)) and hasattr(value, "__dlpack__"):
                value = ort.OrtValue.from_dlpack(value.contiguous() if hasattr(value, "contiguous") else value)
            if isinstance(value, ort.OrtValue) and TENSORS.get(value.data_type()) == port.dtype:
                port.check_shape(value.shape(), known)
                return value
            array = value.numpy() if isinstance(value, ort.OrtValue) else np.asarray(value)
        except (ValueError, TypeError, RuntimeError, BufferError) as error:  # a tensor with a gradient, or of bfloat16
            raise SpecError.of(NoArray(None, port.name, str(port), str(error).splitlines()[0])) from None
        return ort.OrtValue.ortvalue_from_numpy(port.fitted(self._demands.value(port, array), known), self._device, 0)

    def run(self) -> dict[str, ort.OrtValue]:
        """The outputs by name, on the device.

        Raises:
            SpecError: an operator refuses the values.
        """
        for port in self._outputs:  # again for each run: the outputs of the last one may be in use
            self._binding.bind_output(port.name, self._device)
        try:
            self._session.run_with_iobinding(self._binding)
        except ERRORS as error:
            raise SpecError.of(RunFailed(None, reason(error))) from None
        return dict(zip((port.name for port in self._outputs), self._binding.get_outputs(), strict=True))

    def arrays(self) -> dict[str, Array]:
        """Run, and copy the outputs to the processor."""
        return {name: np.asarray(value.numpy()) for name, value in self.run().items()}

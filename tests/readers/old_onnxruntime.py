"""Runs models in an onnxruntime of years ago: `python old_onnxruntime.py FILE.onnx...`, each beside FILE.npz of inputs.

The outputs go to FILE.found.npz. It is run by the Python of another environment, which has no nnspec.
"""

import sys

import numpy as np
import onnxruntime

for path in sys.argv[1:]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with np.load(path.replace(".onnx", ".npz")) as inputs:
        results = session.run(None, {port.name: inputs[port.name] for port in session.get_inputs()})
    names = [port.name for port in session.get_outputs()]
    np.savez(path.replace(".onnx", ".found.npz"), **dict(zip(names, results)))  # noqa: B905 - Python 3.8 has no strict
print(onnxruntime.__version__)

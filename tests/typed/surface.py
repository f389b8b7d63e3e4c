"""The whole public surface as a program uses it; type checkers must infer every expression of it, and run it no further.

`tests/test_surface.py` gives it to mypy and pyright, and runs it, too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

import nnspec
from nnspec.callbacks.callback import Progress, Step
from nnspec.diagnostics.diagnostic import Found
from nnspec.infer.predictions import Prediction
from nnspec.plugin import Activation, Example
from nnspec.testing import contract
from nnspec.to_onnx.verify import Verified

SPEC = """
model Flowers(width = 8) {
  input features: float[N, 4]
  hidden: Linear(width) -> act: Tanh
  output logits = head: Linear(3)
}
train {
  data   = iris
  epochs = 1
}
"""


@nnspec.register_callback("counting")
class Counting(nnspec.Callback):
    """Counts steps."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, run: Progress, step: Step) -> None:
        self.steps += 1


@nnspec.register_layer
class Twice(Activation):
    """2 * x."""

    examples = (Example("Twice"),)


def main(folder: Path) -> None:
    """Use everything once."""
    assert_type(nnspec.__version__, str)
    path = folder / "flowers.nn"
    path.write_text(nnspec.format(SPEC))
    assert_type(nnspec.check(path, epochs=2), list[Found])
    model = nnspec.load(path, settings={"width": 6}, limits=nnspec.Limits())
    assert_type(model, nnspec.Model)
    assert_type(nnspec.loads(SPEC).name, str)
    assert_type(nnspec.from_json(model.to_json()), nnspec.Model)
    print(repr(model), model.summary(batch=2).parameters, model.torch_source())
    print(len(nnspec.zoo.families()), nnspec.zoo.families()[0].name)

    features, labels = np.zeros((20, 4), np.float32), np.arange(20) % 3
    counting = Counting()
    run = model.train(
        (features, labels),
        runs=folder,
        quiet=True,
        callbacks=[counting],
        epochs=2,
        batch=10,
        validation={"features": features, "label": labels},
        optimizer="AdamW(lr = 1e-3)",
        metrics=["accuracy(logits, label)"],
        precision="float32",
    )
    assert_type(run, nnspec.Run)
    assert_type(run.best, float | None)
    assert_type(nnspec.Run.open(run).history, tuple[dict[str, float | int | None], ...])
    loader = DataLoader(TensorDataset(torch.from_numpy(features), torch.from_numpy(labels)), batch_size=10)
    model.train(loader, runs=folder, quiet=True)
    evaluation = nnspec.evaluate(run.folder, data=(features, labels))
    assert_type(evaluation.samples, int)
    print(model.evaluate(state := model.to_torch(run.best_weights).state_dict(), data=(features, labels)).figures)
    print(model.draw().svg()[:20], model.diff(nnspec.loads(SPEC)), len(state))
    nnspec.resume(run, (features, labels), validation={"features": features, "label": labels}, epochs=3, quiet=True)

    module = model.to_torch(run.best_weights)
    assert_type(module, torch.nn.Module)
    model.load_weights(model.to_torch(), {key: tensor for key, tensor in state.items() if "." in key})
    file = folder / "flowers.onnx"
    print(model.export_onnx(file, run.best_weights).opset, model.to_onnx(state).ir_version)
    assert_type(model.verify(file, run.best_weights), Verified)
    print([each.failed for each in model.benchmark(state, batches=[1], seconds=0.01, compiled=False)])
    session = nnspec.Session(file)
    assert_type(session, nnspec.Session)
    outputs: Mapping[str, object] = session.run({"features": features})
    print(outputs, nnspec.predict(file, {"features": features})[0])
    for subject in (run, nnspec.load(run), session):  # paths, runs and objects alike
        assert_type(nnspec.predict(subject, features), list[Prediction])
    print(nnspec.predict(model, torch.from_numpy(features), weights=run), nnspec.load(file).name)
    print(nnspec.evaluate(model, weights=run, data=(features, labels), device=torch.device("cpu")))
    print(model.to_torch(nnspec.WeightChoice(run, partial=True)), model.compare_weights(run))
    static = folder / "static.onnx"
    model.export_onnx(static, run, precision="int8-static", calibrate={"features": features}, verify=False)
    imported = nnspec.from_torch(module, torch.zeros(2, 4), dynamic={"features": "N 4"})
    assert_type(imported, nnspec.Model)
    assert_type(imported.notes, tuple[str, ...])
    assert_type(nnspec.from_onnx(file, dynamic={"features": "N 4"}), nnspec.Model)
    options: dict[str, object] = {"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2, "vocab_size": 50}
    assert_type(nnspec.from_config(options, name="Small"), nnspec.Model)
    print(model.page, nnspec.load_plugin, contract, counting.steps)
    try:
        nnspec.load("flowrs.nn")
    except nnspec.SpecError as error:
        assert_type(error.diagnostics[0].code, str)
        assert_type(error.diagnostics[0], nnspec.Diagnostic)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

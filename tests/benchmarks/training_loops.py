"""The loops of `training.py`: each trains for two epochs, and gives the seconds of the second one's steps."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch.utils.data import DataLoader, TensorDataset
from training_networks import RATE, Network

Loop = Callable[[Network, Path], float]
EPOCHS = 2
clock = time.perf_counter if os.environ.get("NNSPEC_CLOCK") == "wall" else time.process_time


def written_by_hand(network: Network, data: Path) -> float:
    """A careful loop: the data is a tensor, a batch one selection, and no number is read back before the end."""
    given, label = network.tensors(data)
    module, optimizer = network.build()
    losses = torch.zeros(network.steps)
    for _ in range(EPOCHS):
        start = clock()
        order = torch.randperm(len(given))
        for step, chosen in enumerate(order.split(network.batch)):
            optimizer.zero_grad()
            loss = network.loss(module(given.index_select(0, chosen)), label.index_select(0, chosen))
            loss.backward()
            optimizer.step()
            losses[step] = loss.detach()
        assert losses.mean().isfinite()
        seconds = clock() - start
    return seconds


def with_loader(network: Network, data: Path) -> float:
    """The loop of the tutorials: a DataLoader, and the loss of every step as a number."""
    loader = DataLoader(TensorDataset(*network.tensors(data)), network.batch, shuffle=True)
    module, optimizer = network.build()
    for _ in range(EPOCHS):
        start, total = clock(), 0.0
        for given, label in loader:
            optimizer.zero_grad()
            loss = network.loss(module(given), label)
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds = clock() - start
    return seconds


def with_nnspec(network: Network, data: Path) -> float:
    """`Model.train`: what it says of its second epoch, without the validation."""
    with patch("time.perf_counter", clock):
        run = network.model.train(runs=data.parent, data=str(data), quiet=True)
    rate = run.history[-1]["samples_per_second"]
    assert rate is not None
    return network.steps * network.batch / rate


def with_accelerate(network: Network, data: Path) -> float:
    """The tutorial's loop, prepared by Hugging Face's accelerate."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    loader = DataLoader(TensorDataset(*network.tensors(data)), network.batch, shuffle=True)
    module, optimizer, loader = accelerator.prepare(*network.build(), loader)
    for _ in range(EPOCHS):
        start = clock()
        for given, label in loader:
            optimizer.zero_grad()
            accelerator.backward(network.loss(module(given), label))
            optimizer.step()
        seconds = clock() - start
    return seconds


def with_lightning(network: Network, data: Path) -> float:
    """Lightning's Trainer, with nothing logged, shown or saved."""
    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Training(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.module, self.optimizer = network.build()
            self.seconds = 0.0

        def training_step(self, batch: Any, index: int) -> Any:
            given, label = batch
            return network.loss(self.module(given), label)

        def configure_optimizers(self) -> Any:
            return self.optimizer

        def on_train_epoch_start(self) -> None:
            self.start = clock()

        def on_train_epoch_end(self) -> None:
            self.seconds = clock() - self.start

    training = Training()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(training, DataLoader(TensorDataset(*network.tensors(data)), network.batch, shuffle=True))
    return training.seconds


def with_keras(network: Network, data: Path) -> float:
    """Keras' `fit` on PyTorch, with nothing shown."""
    import keras

    class Timer(keras.callbacks.Callback):
        seconds = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.start = clock()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds = clock() - self.start

    module, _ = network.build()
    timer = Timer()
    model = keras.Sequential([keras.layers.TorchModuleWrapper(module)])
    model.compile(keras.optimizers.Adam(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(*network.tensors(data), batch_size=network.batch, epochs=EPOCHS, verbose=0, callbacks=[timer])
    return timer.seconds


LOOPS: dict[str, Loop] = {
    "hand-written": written_by_hand,
    "nnspec": with_nnspec,
    "with a DataLoader": with_loader,
    "accelerate": with_accelerate,
    "lightning": with_lightning,
    "keras": with_keras,
}


def find_missing() -> list[str]:
    """The loops whose packages are not installed."""
    return [name for name in ("accelerate", "lightning", "keras") if find_spec(name) is None]

"""Decoding in PyTorch: the program that goes on, as a module; what it keeps stays on the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nnspec.decode.continuation import PAST, PRESENT
from nnspec.decode.language import Decoder
from nnspec.sample.engine import Engine, Layout
from nnspec.weights.arrays import Array


class TorchEngine(Engine):
    """The module of a decoder's program."""

    def __init__(self, decoder: Decoder, layout: Layout, module: nn.Module) -> None:
        super().__init__(layout)
        self.module = module.eval()
        main = decoder.program.main
        self.inputs = [port.name for port in main.inputs]
        self.outputs = [port.name for port in main.outputs]
        self.past: dict[str, Tensor] = {}

    def begin(self, count: int) -> None:
        like = next(self.module.parameters())
        self.past = {name: like.new_zeros(shape) for name, shape in self.layout.beginning(count).items()}

    @torch.no_grad()
    def run(self, tokens: Array) -> Array:
        device = next(self.module.parameters()).device
        given = {self.layout.tokens: torch.from_numpy(tokens).to(device), **self.past}
        made = self.module(*(given[name] for name in self.inputs))
        results = dict(zip(self.outputs, made if isinstance(made, tuple) else (made,), strict=True))
        self.past = {name: results[PRESENT + name.removeprefix(PAST)] for name in self.past}
        scores: Array = results[self.layout.scores].float().cpu().numpy()
        return scores

"""Decoding in PyTorch: the program that goes on, as a module; what it keeps stays on the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nnspec.decode.continuation import PAST, PRESENT
from nnspec.decode.language import Decoder
from nnspec.ir import Program
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.sample.engine import DecoderPorts, Engine, layout_of
from nnspec.to_torch.module import build
from nnspec.weights.arrays import Array
from nnspec.weights.module import fill
from nnspec.weights.source import WeightSource


def torch_engine(made: Decoder, weights: WeightSource, limits: Limits = DEFAULT_LIMITS) -> TorchEngine:
    """A decoder with the weights of a file; on a GPU where there is one.

    Raises:
        SpecError: it takes more than tokens, or the weights are not the model's.
    """
    layout = layout_of(made)
    parts = [_filled(program, weights, limits) for program in (made.program, made.encoder) if program is not None]
    return TorchEngine(made, layout, *parts)


def _filled(program: Program, weights: WeightSource, limits: Limits) -> nn.Module:
    module = build(program, limits)
    fill(module, program, weights)
    return module.to("cuda" if torch.cuda.is_available() else "cpu").eval()


class TorchEngine(Engine):
    """The modules of a decoder's program, and of its encoder."""

    def __init__(
        self, made: Decoder, layout: DecoderPorts, module: nn.Module, encoder: nn.Module | None = None
    ) -> None:
        super().__init__(layout)
        self.module, self.encoder = module, encoder
        self.like = next(module.parameters())  # where tensors are, and of which type
        main = made.program.main
        self.inputs = [port.name for port in main.inputs]
        self.outputs = [port.name for port in main.outputs]
        self.remembered = [port.name for port in made.encoder.main.outputs] if made.encoder else []
        self.memory: dict[str, Tensor] = {}
        self.past: dict[str, Tensor] = {}

    @torch.inference_mode()
    def encode(self, source: Array) -> None:
        assert self.encoder is not None
        made = self.encoder(torch.from_numpy(source).to(self.like.device))
        self.memory = dict(zip(self.remembered, made if isinstance(made, tuple) else (made,), strict=True))

    def begin(self, count: int) -> None:
        shapes, types = self.layout.beginning(count), {"float": self.like.dtype, "int": torch.int64, "bool": torch.bool}
        self.past = {
            name: self.like.new_zeros(shape, dtype=types[self.layout.kept[name].dtype])
            for name, shape in shapes.items()
        } | {name: self.memory[name] for name in shapes if name in self.memory}

    @torch.inference_mode()
    def run(self, tokens: Array) -> Array:
        given = {**self.memory, **self.past, self.layout.tokens: torch.from_numpy(tokens).to(self.like.device)}
        made = self.module(*(given[name] for name in self.inputs))
        results = dict(zip(self.outputs, made if isinstance(made, tuple) else (made,), strict=True))
        self.past = {name: results[PRESENT + name.removeprefix(PAST)] for name in self.past}
        scores: Array = results[self.layout.scores].float().cpu().numpy()
        return scores

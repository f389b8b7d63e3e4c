"""Tokens per second with and without caches: `python tests/benchmarks/decoding.py [rounds]`.

The same weights and prompt; every way makes the same greedy tokens, which is checked. A round is one text of each way,
in an order that turns from round to round; the median of the rounds is shown, and the median ratio to PyTorch by hand
within a round, of the time that passed and of the processor's time, which other programs disturb less. `by hand` is what one writes in PyTorch for GPT-2 with a cache: keys and values in lists, joined by
`torch.cat`, and the fused attention without a mask for a single token. `whole` reads all tokens again for each new one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import nnspec
from nnspec.decode.language import decoder
from nnspec.infer.session import Session
from nnspec.sample.engine import Engine
from nnspec.sample.onnx_engine import OnnxEngine
from nnspec.sample.torch_engine import torch_engine

CHARACTERS = {"layers": 4, "width": 64, "heads": 4, "vocab": 96, "context": 512}
CASES = {  # settings of GPT-2, tokens of the prompt, tokens that are made
    "GPT-2, 124 million": ({}, 128, 24),
    "4 layers of 64": (CHARACTERS, 128, 100),
}
Way = Callable[[np.ndarray, int], list[int]]


class ByHand:
    """GPT-2 with a cache, from a `state_dict`."""

    def __init__(self, state: dict[str, torch.Tensor], layers: int, heads: int) -> None:
        self.state = {key.removeprefix("transformer."): value for key, value in state.items()}
        self.layers, self.heads = layers, heads

    def norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, self.state[f"{name}.weight"].T, self.state[f"{name}.bias"])

    def step(self, tokens: torch.Tensor, past: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        start = past[0][0].shape[2] if past else 0
        places = torch.arange(start, start + tokens.shape[1])
        x = self.state["wte.weight"][tokens] + self.state["wpe.weight"][places]
        for layer in range(self.layers):
            name = f"h.{layer}"
            parts = self.linear(self.norm(x, f"{name}.ln_1"), f"{name}.attn.c_attn").chunk(3, dim=-1)
            query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
            if start:
                key, value = (torch.cat(pair, dim=2) for pair in zip(past[layer], (key, value), strict=True))
                past[layer] = (key, value)
            else:
                past.append((key, value))
            seen = F.scaled_dot_product_attention(query, key, value, is_causal=tokens.shape[1] > 1)
            x = x + self.linear(seen.transpose(1, 2).flatten(2), f"{name}.attn.c_proj")
            hidden = F.gelu(self.linear(self.norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc"), approximate="tanh")
            x = x + self.linear(hidden, f"{name}.mlp.c_proj")
        return F.linear(self.norm(x, "ln_f")[:, -1], self.state["wte.weight"])

    @torch.no_grad()
    def __call__(self, prompt: np.ndarray, length: int) -> list[int]:
        past: list[tuple[torch.Tensor, torch.Tensor]] = []
        new, made = torch.from_numpy(prompt), []
        for _ in range(length):
            made.append(int(self.step(new, past)[0].argmax()))
            new = torch.tensor([made[-1:]])
        return made


def cached(engine: Engine) -> Way:
    """Greedy tokens of an engine with caches."""

    def way(prompt: np.ndarray, length: int) -> list[int]:
        engine.begin(1)
        new, made = prompt, []
        for _ in range(length):
            made.append(int(engine.read(new)[0].argmax()))
            new = np.array([made[-1:]])
        return made

    return way


def whole(scores: Callable[[np.ndarray], np.ndarray]) -> Way:
    """Greedy tokens of what reads the whole text for each of them."""

    def way(prompt: np.ndarray, length: int) -> list[int]:
        tokens = prompt
        for _ in range(length):
            tokens = np.concatenate([tokens, scores(tokens)[:, -1].argmax(-1)[:, None]], 1)
        return tokens[0, prompt.shape[1] :].tolist()

    return way


def ways(settings: dict[str, int], folder: Path) -> dict[str, Way]:
    """All ways to decode one model."""
    model = nnspec.load("gpt2", settings=settings)
    module = model.to_torch().eval()
    file = folder / "weights.safetensors"
    save_file({key: value.clone() for key, value in module.state_dict().items()}, file)
    for name, each in (("cached", model.cached()), ("whole", model)):
        each.export_onnx(folder / f"{name}.onnx", file, verify=False)
    threads = torch.get_num_threads()
    session = Session(folder / "whole.onnx", threads=threads)
    layers, heads = settings.get("layers", 12), settings.get("heads", 12)

    @torch.no_grad()
    def scores(tokens: np.ndarray) -> np.ndarray:
        return module(torch.from_numpy(tokens)).numpy()

    return {
        "PyTorch by hand, cache": ByHand(dict(module.state_dict()), layers, heads),
        "nnspec: PyTorch, cache": cached(torch_engine(decoder(model.program), file)),
        "nnspec: ONNX, cache": cached(OnnxEngine(Session(folder / "cached.onnx", threads=threads))),
        "nnspec: PyTorch, whole": whole(scores),
        "nnspec: ONNX, whole": whole(lambda tokens: session.run({"tokens": tokens})["logits"]),
    }


def measure(
    every: dict[str, Way], prompt: np.ndarray, length: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Seconds that passed, and of the processor, of each way in each round."""
    made = {name: way(prompt, length) for name, way in every.items()}
    assert len(set(map(tuple, made.values()))) == 1, made
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in every}
    names = list(every)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter(), time.process_time()
            every[name](prompt, length)
            seconds[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return seconds


def ratio(found: list[tuple[float, float]], base: list[tuple[float, float]], clock: int) -> str:
    """The median ratio of two ways by one of the clocks, and its range."""
    ratios = [own[clock] / other[clock] for own, other in zip(found, base, strict=True)]
    return f"{statistics.median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main(rounds: int = 3) -> None:
    """Measure and print."""
    for case, (settings, tokens, length) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(0)
            every = ways(settings, Path(folder))
            prompt = np.random.default_rng(0).integers(0, 96, (1, tokens))
            seconds = measure(every, prompt, length, rounds)
        print(f"{case}: {length} tokens behind {tokens}, {torch.get_num_threads()} threads, {rounds} rounds")
        base = seconds["PyTorch by hand, cache"]
        print(f"  {'':<24}{'tokens/s':>9}   {'time / by hand':<24}processor / by hand")
        for name, found in seconds.items():
            rate = length / statistics.median(passed for passed, _ in found)
            print(f"  {name:<24}{rate:9.1f}   {ratio(found, base, 0):<24}{ratio(found, base, 1)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

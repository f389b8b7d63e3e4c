"""A mixture of 64 experts, 8 active, beside a dense network of the active size: `python tests/benchmarks/experts.py`.

Both are decoders that differ in the feed-forward layers alone: SwiGLU of 8 * hidden features, or 64 experts of `hidden`
features of which each token takes 8. They take turns, and the median of the ratios is told, of the processor's time of
this process on one thread: a training step of PyTorch (forward, backward, AdamW), and a run of onnxruntime for one
token (as decoding has it) and for a sequence. What onnxruntime does is compared with the numbers of PyTorch first.
Arguments: --width, --hidden, --layers, --tokens (of a step), --sequence, --rounds.

Measured with PyTorch 2.13 and onnxruntime 1.31, on a machine with other work:

    --width          one token    512 tokens    a step
    1024 (default)   1.14         0.97          1.14 (2,048 tokens)
    512, 2 layers    1.21-1.30    1.18-1.24     1.18-1.25 (4,096 tokens)

Other forms of the same experts in onnxruntime, for one token and for 512, beside the dense layer alone at width 1024:
what is written, 1.2 and 0.8-1.1; an `If` around each expert, 1.9 and 1.2; a `Loop` over the chosen ones that gathers
their weights, 2.3 and 7.3 (at width 512); the operator MoE of com.microsoft, 1.2 and 1.3-1.7; all experts and a mask,
23 and 23 (at width 512). At width 512 with two layers, where what is written takes 1.31 and 1.18 of the dense network, its
activations and products of elements for the rows of all experts at once take 1.22 and 1.25: fewer operators without rows,
and more copies.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import nnspec

EXPERTS, ACTIVE = 64, 8
SPEC = """
block Attention(heads) {
  [N, T, D]
  qkv: Linear(3 * D, bias = false) -> Rearrange("n t (k h d) -> k n h t d", k = 3, h = heads)
  attention(rotary(_[0]), rotary(_[1]), _[2], causal = true) -> Rearrange("n h t d -> n t (h d)")
  out: Linear(D, bias = false)
}
block FeedForward(width, hidden) {
  multiply { gate: Linear(hidden, bias = false) -> SiLU ; up: Linear(hidden, bias = false) }
  down: Linear(width, bias = false)
}
block Sparse(experts, active, width, hidden) {
  x = _
  best = x -> router: Linear(experts, bias = false) -> softmax(dim = -1) -> TopK(active)
  (x, best.indices, best.values) -> experts: Mixture(experts, FeedForward(width, hidden))
}
block Layer(heads, feed) {
  residual { norm1: RMSNorm -> attention: Attention(heads) }
  residual { norm2: RMSNorm -> feed: feed }
}
block Decoder(vocab, width, layers, feed): tokens {
  embedding: Embedding(vocab, width) -> layers x Layer(width // 64, feed) -> norm: RMSNorm
  head: Linear(vocab, bias = false)
}
model Mixture64(width, hidden, layers, vocab = 4096) {
  input tokens: int[N, T]
  output logits = Decoder(vocab, width, layers, Sparse(EXPERTS, ACTIVE, width, hidden))
}
model Dense(width, hidden, layers, vocab = 4096) {
  input tokens: int[N, T]
  output logits = Decoder(vocab, width, layers, FeedForward(width, ACTIVE * hidden))
}
""".replace("EXPERTS", str(EXPERTS)).replace("ACTIVE", str(ACTIVE))


def load(name: str, sizes: dict[str, int]) -> nnspec.Model:
    """The mixture, or the dense network."""
    return nnspec.loads(SPEC, model=name, settings=sizes)


def step(model: nnspec.Model, tokens: torch.Tensor) -> Callable[[], None]:
    """A training step."""
    torch.manual_seed(0)
    module = model.to_torch().train()
    optimizer = torch.optim.AdamW(module.parameters(), fused=True)

    def run() -> None:
        optimizer.zero_grad()
        scores = module(tokens)
        F.cross_entropy(scores[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
        optimizer.step()

    return run


def session(model: nnspec.Model, folder: Path, tokens: np.ndarray) -> Callable[[], object]:
    """A run of onnxruntime; the file has been compared with PyTorch."""
    path = folder / f"{model.name}.onnx"
    if not path.exists():
        model.export_onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    opened = onnxruntime.InferenceSession(path, options)
    return lambda: opened.run(None, {"tokens": tokens})


def ratio(mixture: Callable[[], object], dense: Callable[[], object], rounds: int) -> str:
    """The median of the times of both, taken in turns, and of their ratios."""
    times: list[list[float]] = [[], []]
    mixture(), dense()
    for _ in range(rounds):
        for run, found in zip((mixture, dense), times, strict=True):
            start = time.process_time()
            run()
            found.append(time.process_time() - start)
    ratios = sorted(one / other for one, other in zip(*times, strict=True))
    own, other = (1e3 * statistics.median(found) for found in times)
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    return f"{own:9.2f} ms, dense {other:9.2f} ms, ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    for name, value in (("width", 1024), ("hidden", 512), ("layers", 1), ("tokens", 2048), ("sequence", 512)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    sizes = {name: getattr(asked, name) for name in ("width", "hidden", "layers")}
    both = [load("Mixture64", sizes), load("Dense", sizes)]
    for model in both:
        found = model.summary()
        print(f"{model.name}: {found.parameters:,} parameters, {found.active:,} active")
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        for length, rounds in ((1, 20 * asked.rounds), (asked.sequence, asked.rounds)):
            tokens = random.integers(0, 4096, (1, length))
            runs = [session(model, Path(place), tokens) for model in both]
            print(f"onnxruntime, {length} tokens: {ratio(*runs, rounds)}", flush=True)
            del runs
    tokens = torch.from_numpy(random.integers(0, 4096, (asked.tokens // asked.sequence, asked.sequence)))
    print(f"PyTorch, a step of {asked.tokens} tokens: {ratio(*(step(m, tokens) for m in both), asked.rounds)}")


if __name__ == "__main__":
    main()

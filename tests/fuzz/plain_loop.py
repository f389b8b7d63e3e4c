"""The plain loop that recipes are compared with: a batch at a time, all of it at once, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnspec.train.order import shuffled
from tests.fuzz.losses import Values, plain


class Network(nn.Module):
    """What `MODEL` in recipes.py says, by hand."""

    def __init__(self, width: int, sequence: bool, normed: bool) -> None:
        super().__init__()
        self.body = nn.Linear(4, width)
        self.norm = nn.BatchNorm1d(width) if normed else nn.Identity()
        self.head = nn.Linear(width, 4)
        self.sequence = sequence

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.tanh(self.norm(self.body(features)))
        scores = self.head(hidden)
        return (scores.transpose(1, 2), hidden.mean(1)) if self.sequence else (scores, hidden)


class Trained:
    """The weights and losses of a run."""

    def __init__(self, case: Mapping[str, Any], network: Network, training: Values) -> None:
        self.case = case
        self.network = network
        self.training = training
        frozen = set(case["freeze"])
        for name, weight in network.named_parameters():
            weight.requires_grad_(name.split(".")[0] not in frozen)
        self.weights = [weight for weight in network.parameters() if weight.requires_grad]
        count, size = len(training["label"]), case["batch"]
        # a sample that is left over alone sits out
        self.starts = [start for start in range(0, count, size) if count == 1 or size == 1 or count - start > 1]
        self.optimizer = _optimizer(case, network)
        self.step = 0
        self.average = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    def epoch(self, number: int) -> float:
        """An epoch; the mean of its losses over samples."""
        case, count = self.case, len(self.training["label"])
        seed = (case["seed"] * 1_000_003 + number) % 2**63
        order = torch.from_numpy(shuffled(np.arange(count), count, seed))
        total, samples = 0.0, 0
        self.network.train()
        if "body" in case["freeze"]:
            self.network.body.eval()
        for start in self.starts:
            chosen = order[start : start + case["batch"]]
            values = {name: tensor[chosen] for name, tensor in self.training.items()}
            loss = plain(case["loss"], outputs(self.network, values))
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate()
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            if case["clip"] is not None:
                nn.utils.clip_grad_norm_(self.weights, case["clip"])
            self.optimizer.step()
            self._follow()
            total, samples = total + loss.item() * len(chosen), samples + len(chosen)
        return total / samples

    def rate(self) -> float:
        """The learning rate of the next step."""
        case, steps = self.case, len(self.starts) * self.case["epochs"]
        kind, warmup = case["schedule"], case["warmup"]
        if self.step < warmup:
            return float(case["lr"] * (self.step + 1) / warmup)
        done, left = self.step - warmup, max(1, steps - warmup)
        share = min(1.0, done / left)
        match kind:
            case "cosine":
                return float(case["lr"] * (1 + math.cos(math.pi * share)) / 2)
            case "linear":
                return float(case["lr"] * (1 - share * (1 - 0.1)))
            case "step":
                return float(case["lr"] * 0.5 ** (done // len(self.starts)))
        return float(case["lr"])

    @torch.no_grad()
    def _follow(self) -> None:
        """The moving average."""
        if self.case["ema"] is not None:
            decay = min(self.case["ema"], (1 + self.step) / (10 + self.step))
            for name, weight in self.network.named_parameters():
                self.average[name] = decay * self.average[name] + (1 - decay) * weight
        self.step += 1


def _optimizer(case: Mapping[str, Any], network: Network) -> torch.optim.Optimizer:
    decayed, others = [], []
    for weight in network.parameters():
        if weight.requires_grad:
            (others if case["decay"] == "matrices" and weight.ndim < 2 else decayed).append(weight)
    groups = [{"params": decayed, "weight_decay": case["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    match case["optimizer"]:
        case "SGD":
            return torch.optim.SGD(groups, lr=case["lr"], momentum=case["momentum"], nesterov=case["nesterov"])
        case "Adam":
            return torch.optim.Adam(groups, lr=case["lr"])
    return torch.optim.AdamW(groups, lr=case["lr"])


def outputs(network: Network, values: Values) -> Values:
    """The values with what the network gives."""
    scores, code = network(values["features"])
    return {**values, "scores": scores, "code": code}


@torch.no_grad()
def judged(network: Network, expression: str, validation: Values) -> float:
    """The value of a metric, or of the loss, of all samples that are held out."""
    network.eval()
    return plain(expression, outputs(network, validation)).item()

"""Recipes that build several networks: phases against each other, derivatives in losses, samples that are drawn."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

import nnspec
from nnspec.cli.main import main
from nnspec.run import Run
from nnspec.train.data.table import read_iris
from nnspec.train.draw import draw
from nnspec.train.order import shuffled

# Deterministic, so that a hand-written loop can be compared: what a GAN draws at random is a field of the data.
ADVERSARIES = """
model Generator {
  input z: float[N, 3]
  output made = Linear(8) -> Tanh -> Linear(4)
}
model Critic {
  input x: float[N, 4]
  output score = Linear(8) -> Tanh -> Linear(1)
}
train Adversaries {
  data    = arrays("points.npz")
  epochs  = 2
  batch   = 10
  fake    = z -> generator: Generator
  weights = "start.safetensors"
  split   = 0.25
  phase judge {
    mixed = 0.3 * x + 0.7 * detach(fake)
    slope = norm(gradient(mixed -> critic: Critic, mixed), dim = 1)
    loss  = mean(detach(fake) -> critic) - mean(x -> critic) + 10 * mean((slope - 1) ** 2)
    update = critic
    steps  = 3
    optimizer = Adam(lr = 1e-2, betas = [0.5, 0.9])
  }
  phase artist {
    loss = mean(softplus(-(fake -> critic)))
    update = generator
    optimizer = SGD(lr = 0.1, momentum = 0.9)
  }
}
"""


@pytest.fixture
def adversaries(tmp_path: Path) -> Path:
    generator = torch.Generator().manual_seed(1)
    points = {"x": torch.randn(80, 4, generator=generator), "z": torch.randn(80, 3, generator=generator)}
    np.savez(tmp_path / "points.npz", **{name: tensor.numpy() for name, tensor in points.items()})
    torch.manual_seed(2)
    nets = {"generator": network(3, 4), "critic": network(4, 1)}
    start = {f"{label}.{key}": x.clone() for label, net in nets.items() for key, x in net.state_dict().items()}
    save_file(start, tmp_path / "start.safetensors")
    (tmp_path / "adversaries.nn").write_text(ADVERSARIES)
    return tmp_path


def network(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 8), nn.Tanh(), nn.Linear(8, outputs))


def train(folder: Path, name: str = "adversaries", **recipe: object) -> Run:
    return nnspec.load(folder / f"{name}.nn").train(runs=folder / "runs", quiet=True, **recipe)


def test_two_networks_are_trained_as_by_a_hand_written_loop(adversaries: Path) -> None:
    run = train(adversaries)
    start = load_file(adversaries / "start.safetensors")
    nets = {"generator": network(3, 4), "critic": network(4, 1)}
    for label, net in nets.items():
        net.load_state_dict({key.removeprefix(f"{label}."): x for key, x in start.items() if key.startswith(label)})
    generator, critic = nets["generator"], nets["critic"]
    slow = torch.optim.Adam(critic.parameters(), lr=1e-2, betas=(0.5, 0.9))
    fast = torch.optim.SGD(generator.parameters(), lr=0.1, momentum=0.9)
    with np.load(adversaries / "points.npz") as points:
        x, z = torch.from_numpy(points["x"]), torch.from_numpy(points["z"])
    held_out = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    x, z = x[held_out[20:]], z[held_out[20:]]
    turn, losses = 0, []
    for epoch in range(2):
        order = torch.from_numpy(shuffled(np.arange(60), 60, epoch))
        for rows in order.split(10):
            fake = generator(z[rows])
            mixed = (0.3 * x[rows] + 0.7 * fake.detach()).requires_grad_()
            (slope,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
            penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
            loss = critic(fake.detach()).mean() - critic(x[rows]).mean() + 10 * penalty
            slow.zero_grad()
            loss.backward()
            slow.step()
            losses.append(loss.item())
            turn += 1
            if turn % 3 == 0:  # the last batch of each round
                fast.zero_grad()
                F.softplus(-critic(generator(z[rows]))).mean().backward()
                fast.step()
    found = load_file(run.last_weights)
    for label, net in nets.items():
        for key, wanted in net.state_dict().items():
            torch.testing.assert_close(found[f"{label}.{key}"], wanted, rtol=1e-5, atol=1e-6)
    assert run.history[1]["judge_loss"] == pytest.approx(np.mean(losses[6:]), rel=1e-4)
    assert list(run.history[0])[3:5] == ["judge_loss", "artist_loss"]
    assert run.measure is None and run.best_weights == run.last_weights


def test_each_network_has_a_file_that_its_model_takes(adversaries: Path) -> None:
    run = train(adversaries, epochs=1)
    critic = nnspec.load(adversaries / "adversaries.nn", "Critic").to_torch(run.folder / "critic.safetensors")
    whole = load_file(run.last_weights)
    assert all(torch.equal(tensor, whole[f"critic.{key}"]) for key, tensor in critic.state_dict().items())


def test_a_phase_can_be_changed_from_outside(adversaries: Path) -> None:
    start = load_file(adversaries / "start.safetensors")
    spec = str(adversaries / "adversaries.nn")
    settings = ["--set", "artist.optimizer=SGD(lr = 1e-9)", "--set", "epochs=1", "--set", "judge.steps=1"]
    result = CliRunner().invoke(main, ["train", spec, "--runs", str(adversaries / "runs"), "--name", "a", *settings])
    assert result.exit_code == 0, result.output
    found = load_file(adversaries / "runs/a/last.safetensors")
    torch.testing.assert_close(found["generator.0.weight"], start["generator.0.weight"])
    assert (found["critic.0.weight"] - start["critic.0.weight"]).abs().max() > 1e-3


def test_a_run_of_phases_goes_on_to_the_same_weights_to_the_last_bit(adversaries: Path) -> None:
    whole = train(adversaries, epochs=4)
    half = train(adversaries, epochs=2)
    rest = nnspec.resume(half.folder, quiet=True, epochs=4)
    wanted, found = load_file(whole.last_weights), load_file(rest.last_weights)
    assert all(torch.equal(wanted[key], found[key]) for key in wanted)
    assert [row["judge_loss"] for row in rest.history] == [row["judge_loss"] for row in whole.history]


def test_a_run_of_phases_keeps_what_its_numbers_mean(adversaries: Path) -> None:
    run = train(adversaries, epochs=1)
    assert json.loads((run.folder / "run.json").read_text())["resolved"]["judge.steps"] == 3
    nnspec.resume(run.folder, quiet=True, epochs=2, **{"judge.optimizer": "Adam(lr = 1e-3)"})
    with pytest.raises(nnspec.SpecError, match=r"began with the judge.steps 3, and cannot go on with 1"):
        nnspec.resume(run.folder, quiet=True, epochs=3, **{"judge.steps": 1})


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("    loss = mean(softplus(-(fake -> critic)))\n", "", "E0607", "the phase artist has no loss"),
        ("update = generator", "update = painter", "E0616", "`painter` is no part of the model with weights"),
        (
            "(-(fake -> critic)))\n    update = generator",
            "(-fake))\n    update = critic",
            "E0608",
            "does not use critic",
        ),
        ("  epochs  = 2\n", "  epochs  = 2\n  loss = mean(x)\n", "E0220", "a loss beside phases"),
        ("  phase artist {", "  phase judge {", "E0202", "judge"),
        ("softplus(-(fake -> critic))", "softplus(z)", "E0608", "depends on no weights"),
        ("    steps  = 3", "    steps  = 0", "E0206", "steps"),
        ("    steps  = 3", "    stops  = 3", "E0601", "steps"),
        ("  epochs  = 2\n", "  epochs  = 2\n  early_stopping = 1\n", "E0220", "`early_stopping` of several losses"),
        ("train Adversaries", "train Generatr", "", ""),
    ],
)
def test_a_mistake_in_a_phase_is_told(old: str, new: str, code: str, words: str, adversaries: Path) -> None:
    spec = adversaries / "adversaries.nn"
    assert ADVERSARIES.count(old) == 1
    spec.write_text(ADVERSARIES.replace(old, new))
    result = CliRunner().invoke(main, ["train", str(spec), "--runs", str(adversaries / "runs"), "--set", "epochs=1"])
    assert result.exit_code == (1 if code else 0), result.output
    assert f"error[{code}]" in result.stderr if code else not result.stderr
    assert words in result.stderr


CONTRACTIVE = """
model Encoder {
  input features: float[N, 4]
  output code = encoder: { Linear(3) -> Sigmoid }
}
train {
  data     = iris
  rate     = jacobian(code, features)
  penalty  = mean(sum(rate ** 2, dim = [1, 2]))
  loss     = penalty
  epochs   = 2
}
"""


def test_the_jacobian_penalty_of_a_sigmoid_code_is_its_closed_form(tmp_path: Path) -> None:
    run = nnspec.loads(CONTRACTIVE).train(runs=tmp_path, quiet=True)
    value = run.history[-1]["validation_loss"]
    module = nnspec.loads(CONTRACTIVE).to_torch(run.last_weights)
    features = read_iris().fields["features"]
    order = torch.randperm(150, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        code = module(features[order[:30]])  # as they are: the loss reads them
        weight = dict(module.named_parameters())["encoder.0.weight"]
        wanted = ((code * (1 - code)) ** 2 @ (weight**2).sum(1)).mean()
    assert value == pytest.approx(wanted.item(), rel=1e-4)


def test_derivatives_are_those_of_calculus() -> None:
    spec = """
    model Derivatives {
      input x: float[N, 3]
      output slope = gradient(sum(x ** 3, dim = 1), x)
      output every = jacobian(x ** 2, x)
    }
    """
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    slope, every = nnspec.loads(spec).to_torch()(copy.deepcopy(x))
    torch.testing.assert_close(slope, 3 * x**2)
    torch.testing.assert_close(every, torch.diag_embed(2 * x))


DRAWN = """
model Generator {
  input z: float[N, 2]
  output picture = Linear(16) -> Sigmoid -> Reshape([N, 1, 4, 4])
}
train Drawn {
  data   = digits(size = 4)
  made   = normal([batch, 2]) -> generator: Generator
  loss   = mse(made, image)
  sample = made
  epochs = 1
}
"""


def test_pictures_are_drawn_from_a_run_without_its_data(tmp_path: Path) -> None:
    run = nnspec.loads(DRAWN).train(runs=tmp_path, quiet=True)
    assert (run.folder / "samples.png").is_file()
    pictures = draw(run.folder, 5, 0)
    assert pictures.shape == (5, 1, 4, 4)
    assert torch.equal(pictures, draw(run.folder, 5, 0))
    assert not torch.equal(pictures, draw(run.folder, 5, 1))


def test_nnspec_sample_draws_pictures_into_a_file(tmp_path: Path) -> None:
    run = nnspec.loads(DRAWN).train(runs=tmp_path, quiet=True)
    target = tmp_path / "drawn.png"
    result = CliRunner().invoke(main, ["sample", str(run.folder), "--count", "10", "-o", str(target)])
    assert result.exit_code == 0 and "10 pictures in" in result.output
    with Image.open(target) as picture:
        assert picture.size == (8 * 5 - 1, 2 * 5 - 1)  # two rows of pictures of 4 pixels, one between two of them
    assert CliRunner().invoke(main, ["sample", str(run.folder), "--onnx"]).exit_code == 2


def test_a_sample_that_is_made_from_data_cannot_be_drawn_without_it(tmp_path: Path) -> None:
    run = nnspec.loads(DRAWN.replace("sample = made", "sample = 1 - image")).train(runs=tmp_path, quiet=True)
    with pytest.raises(nnspec.SpecError, match="made from `image`"):
        draw(run.folder, 5, 0)


def test_averaged_weights_of_several_networks_are_stored(adversaries: Path) -> None:
    plain, averaged = train(adversaries), train(adversaries, ema=0.9)
    left, right = load_file(plain.last_weights), load_file(averaged.last_weights)
    assert set(left) == set(right) and not torch.equal(left["critic.0.weight"], right["critic.0.weight"])

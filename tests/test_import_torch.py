"""Importing from PyTorch: the text reads as its author would have written it, and is the module: keys, counts, results."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import nnspec
from nnspec.cli.main import main
from nnspec.resources import spec_path
from tests.published import gpt2, llama, resnet, unet, vit


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, image):  # type: ignore[no-untyped-def]
        x = F.max_pool2d(F.relu(self.conv1(image)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits = self.fc3(x)
        return logits  # noqa: RET504 - its name becomes that of the output


LENET = """\
# LeNet, as PyTorch has it: 61,706 parameters.
model LeNet {
  input image: float[N, 1, 28, 28]
  conv1: Conv2d(6, 5, padding = 2) -> ReLU -> MaxPool2d(2)
  conv2: Conv2d(16, 5) -> ReLU -> MaxPool2d(2) -> Flatten
  fc1: Linear(120) -> ReLU
  fc2: Linear(84) -> ReLU
  output logits = fc3: Linear(10)
}
"""


def test_a_stack_of_layers_reads_as_one() -> None:
    assert nnspec.from_torch(LeNet(), torch.rand(2, 1, 28, 28), dynamic={"image": "N 1 28 28"}).text == LENET


def test_the_weights_of_the_original_load_without_renaming_and_the_original_is_left_as_it_was() -> None:
    module = LeNet().train()
    model = nnspec.from_torch(module, {"image": torch.rand(1, 1, 28, 28)}, dynamic={"image": "N 1 28 28"})
    network = model.to_torch()
    network.load_state_dict(module.state_dict())
    image = torch.rand(5, 1, 28, 28)
    assert module.training
    torch.testing.assert_close(network(image), module(image))


def test_the_command_writes_a_spec_for_a_module_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tower_net.py").write_text(
        "from torch import nn\n\ndef build():\n    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))\n"
    )
    arguments = [
        "import",
        "torch",
        "tower_net:build",
        "--input",
        "input=2x4",
        "--dynamic",
        "input=N 4",
        "--name",
        "Tower",
    ]
    result = CliRunner().invoke(main, [*arguments, "-o", "tower.nn"])
    assert result.output == "tower.nn: Tower, 67 parameters\n"
    assert nnspec.load("tower.nn").summary().parameters == 67


RESNET = """\
  layer1: 3 x Bottleneck(8)
  layer2: { Bottleneck(16, stride = 2) -> 3 x Bottleneck(16) }
  layer3: { Bottleneck(32, stride = 2) -> 5 x Bottleneck(32) }
  layer4: { Bottleneck(64, stride = 2) -> 2 x Bottleneck(64) }
  output logits = GlobalAvgPool2d -> Flatten -> fc: Linear(10)
}
"""


def test_blocks_that_are_alike_are_one_and_the_numbers_that_differ_are_its_parameters() -> None:
    text = nnspec.from_torch(
        resnet.ResNet(width=8, num_classes=10), torch.rand(2, 3, 32, 32), dynamic={"image": "N 3 H W"}
    ).text
    assert text.endswith(RESNET)
    assert text.startswith("block Bottleneck(channels, stride = 1) {") and "Bottleneck2" not in text
    assert "conv3: Conv2d(4 * channels, 1, bias = false) -> bn3: BatchNorm2d" in text
    assert "if C != 4 * channels {\n      downsample: {" in text  # which only the first of each stage has


def test_the_u_net_takes_pictures_of_any_size_and_pads_what_is_odd() -> None:
    model = nnspec.from_torch(unet.UNet(width=4), torch.rand(2, 3, 48, 48), dynamic={"image": "N 3 H W"})
    assert "(_, y) -> PadTo" in model.text and "(_, inc) -> up4: Up" in model.text
    assert model.to_torch()(torch.rand(1, 3, 50, 37)).shape == (1, 2, 50, 37)


def test_a_language_model_keeps_its_tied_table_its_repeats_and_the_dropout_of_its_attention() -> None:
    module = gpt2.GPT(gpt2.GPTConfig(32, 60, 3, 4, 16))
    text = nnspec.from_torch(module, torch.zeros(1, 8, dtype=torch.long), dynamic={"idx": "N T"}).text
    assert "transformer.h: 3 x Block -> transformer.ln_f: LayerNorm" in text
    assert "lm_head: Linear(60, bias = false, weight = transformer.wte.weight)" in text
    assert "attention(q, k, _, dropout = 0.1, causal = true)" in text


def test_branches_that_training_drops_at_random_stay() -> None:
    module = vit.VisionTransformer(16, 8, 10, 16, 2, 2, 0.1, 0.2)
    text = nnspec.from_torch(module, torch.rand(2, 3, 16, 16), dynamic={"image": "N 3 16 16"}).text
    assert "norm1: LayerNorm(eps = 1e-6) -> attn: Attention2 -> drop_path1: StochasticDepth(0.2)" in text


@pytest.mark.slow
def test_public_modules_are_as_short_as_the_zoo_has_them() -> None:
    tokens, image = torch.zeros(1, 8, dtype=torch.long), torch.rand(1, 3, 64, 64)
    imported = {
        "resnet": nnspec.from_torch(resnet.ResNet(width=8), image, dynamic={"image": "N 3 H W"}),
        "unet": nnspec.from_torch(unet.UNet(width=4), image, dynamic={"image": "N 3 H W"}),
        "gpt2": nnspec.from_torch(gpt2.GPT(gpt2.GPTConfig(n_embd=48)), tokens, dynamic={"idx": "N T"}),
        "vit": nnspec.from_torch(vit.VisionTransformer(64, 16, 10, 48), image, dynamic={"image": "N 3 64 64"}),
        "llama": nnspec.from_torch(
            llama.LlamaForCausalLM(llama.LlamaConfig(99, 32, 48, 4, 4, 2)), tokens, dynamic={"input_ids": "N T"}
        ),
    }
    for name, model in imported.items():
        assert len(model.text.splitlines()) <= 1.5 * len(spec_path(f"zoo/{name}.nn").read_text().splitlines()), name


@pytest.mark.slow
def test_a_model_of_seven_billion_parameters_is_imported_without_weights() -> None:
    with torch.device("meta"):
        module = llama.LlamaForCausalLM(llama.LlamaConfig())
    model = nnspec.from_torch(module, torch.zeros(1, 8, dtype=torch.long, device="meta"), dynamic={"input_ids": "N T"})
    assert model.summary().parameters == 6_738_415_616
    assert "layers: 32 x LlamaDecoderLayer" in model.text
    assert "rotary(query_states), rotary(key_states)" in model.text


def test_where_meta_is_the_default_device_what_is_computed_of_buffers_has_numbers() -> None:
    with torch.device("meta"):
        module = llama.LlamaForCausalLM(llama.LlamaConfig(99, 32, 48, 1, 4, 2))
        model = nnspec.from_torch(module, torch.zeros(1, 8, dtype=torch.long), dynamic={"input_ids": "N T"})
    assert "attention(rotary(query_states), rotary(key_states), _, causal = true)" in model.text


class NumbersOfOneKind(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):  # type: ignore[no-untyped-def]
        y = self.fc(x)
        return torch.max(y, torch.full((), torch.finfo(y.dtype).min))


def test_code_that_asks_for_the_lowest_number_of_its_type_is_compared_with_64_bits() -> None:
    model = nnspec.from_torch(NumbersOfOneKind(), torch.rand(2, 3), dynamic={"x": "N 3"})
    assert "fc: Linear(2)" in model.text


class Tower(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = weight_norm(nn.Conv1d(3, 4, 3), dim=2)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 7, batch_first=True), 2)
        self.lstm = nn.LSTM(4, 5, 2, bidirectional=True, batch_first=True)
        self.act = nn.PReLU()
        self.head = spectral_norm(nn.Linear(10, 2))
        self.unused = nn.Linear(3, 2)
        self.register_buffer("scale", torch.tensor([0.5, 2.0]))

    def forward(self, x):  # type: ignore[no-untyped-def]
        y = self.encoder(self.conv(x).transpose(1, 2))
        sequence, (state, _) = self.lstm(y)
        return {"scores": self.head(self.act(sequence)) * self.scale, "state": state}


TOWER = """\
  scale = Buffer([0.5, 2.0])
  conv: Conv1d(4, 3, norm = "weight", norm_dim = 2) -> Transpose(1, 2)
  encoder: TransformerEncoder
  lstm: LSTM(5, num_layers = 2, batch_first = true, bidirectional = true)
  act: PReLU -> head: Linear(2, norm = "spectral")
  scores = _ * scale
  unused.weight: Parameter([2, 3])
"""


class Narrow(nn.Module):
    """It takes numbers of 32 bits alone."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dtype != torch.float32:
            raise TypeError("32 bits are wanted")
        return self.linear(x)


def test_what_results_were_compared_by_is_said() -> None:
    with torch.device("meta"):
        empty = nn.Linear(4, 3)
    assert nnspec.from_torch(nn.Linear(4, 3), torch.rand(2, 4)).notes == ()
    assert "32 bits, to 0.0001: its code takes no 64 bits" in nnspec.from_torch(Narrow(), torch.rand(2, 4)).notes[0]
    assert "meta device" in nnspec.from_torch(empty, torch.rand(2, 4, device="meta")).notes[0]


def test_norms_of_weights_recurrent_layers_attention_buffers_and_what_is_not_used() -> None:
    model = nnspec.from_torch(Tower(), torch.rand(2, 3, 9), dynamic={"x": "N 3 T"})
    assert TOWER in model.text
    assert "residual { self_attn: MultiheadAttention(2, dropout = 0.1) -> Dropout(0.1) }" in model.text
    assert [port.name for port in model.program.main.outputs] == ["scores", "state"]


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))

    def forward(self, left, right):  # type: ignore[no-untyped-def]
        return self.tower(left) - self.tower(right)


def test_a_module_that_is_called_twice_is_applied_twice() -> None:
    inputs = {"left": torch.rand(2, 4), "right": torch.rand(2, 4)}
    model = nnspec.from_torch(Shared(), inputs, dynamic={"left": "N 4", "right": "N 4"})
    assert model.summary().parameters == 76


class Written(nn.Module):
    def forward(self, x):  # type: ignore[no-untyped-def]
        y = x.clone()
        y[:, 1:3] = x[:, :2] * 2
        y[:, 0] += 1
        return y


def test_what_is_written_into_a_part_of_a_tensor_is_there_afterwards() -> None:
    assert "Concat" in nnspec.from_torch(Written(), torch.rand(2, 4, 3), dynamic={"x": "N 4 3"}).text


class Norms(nn.Module):
    """Norms of batches of all kinds: without statistics, without weights, and one with another's."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.plain = nn.BatchNorm2d(channels, eps=1e-3, momentum=None)
        self.bare = nn.BatchNorm2d(4, affine=False)
        self.fresh = nn.BatchNorm2d(4, track_running_stats=False)
        self.tied = nn.BatchNorm2d(4)
        self.tied.weight = self.plain.weight
        self.line = nn.BatchNorm1d(4)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.tied(self.fresh(self.bare(self.plain(image))))
        return self.line(x.flatten(2))


def test_norms_of_batches_are_layers_with_their_own_arguments() -> None:
    text = nnspec.from_torch(Norms(), torch.rand(2, 4, 3, 3), dynamic={"image": "N 4 H W"}).text
    for layer in ("BatchNorm2d(eps = 0.001, momentum = none)", "BatchNorm2d(affine = false)",
                  "BatchNorm2d(track_running_stats = false)", "weight = plain.weight", "line: BatchNorm1d"):  # fmt: skip
        assert layer in text


def test_a_norm_for_other_channels_is_refused_with_the_line() -> None:
    with pytest.raises(nnspec.SpecError, match="5") as refused:
        nnspec.from_torch(Norms(5), torch.rand(2, 4, 3, 3), dynamic={"image": "N 4 H W"})
    assert "self.plain(image)" in str(refused.value)

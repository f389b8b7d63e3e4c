"""Every spec of the zoo at a small size: the settings of its golden, or those here."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tests.reference import classics, language, later, sequences, vision

Entry = tuple[str, str | None, dict[str, Any]]  # a file of the zoo, a model in it, its settings

# Specs that no golden has at a small size.
SMALL: list[Entry] = [
    ("ae_plain.nn", "Autoencoder", {}),
    ("alexnet.nn", "AlexNet", {"classes": 5, "H": 63, "W": 70}),
    ("alexnet_2012.nn", "AlexNet2012", {"classes": 5}),
    ("deeplab_v3.nn", "DeepLabV3", {"backbone": "ResNet(depths = [1, 1, 1, 1])", "width": 16, "H": 40, "W": 48}),
    ("dcgan_discriminator.nn", "DCGANDiscriminator", {"width": 8}),
    ("dcgan_generator.nn", "DCGANGenerator", {"width": 8}),
    # all experts are taken: 16 bits choose others where two score nearly the same
    (
        "deepseek_v3.nn",
        "DeepSeekV3",
        {
            "vocab": 101,
            "width": 48,
            "layers": 3,
            "dense": 1,
            "heads": 4,
            "plain": 8,
            "turned": 4,
            "value": 8,
            "query_rank": 20,
            "rank": 16,
            "hidden": 48,
            "experts": 8,
            "active": 8,
            "expert": 24,
            "groups": 4,
            "near": 4,
        },
    ),
    ("gpt3.nn", "GPT3", {"layers": 2, "width": 64, "heads": 4, "vocab": 101, "context": 32}),
    ("gru_regression.nn", "GRURegression", {}),
    ("imdb_lstm.nn", "IMDBLSTM", {"vocab": 97, "width": 16, "hidden": 24}),
    ("mnist_cnn.nn", "MnistCNN", {}),
    (
        "qwen2_moe.nn",
        "Qwen2Moe",
        {
            "vocab": 101,
            "width": 48,
            "layers": 2,
            "heads": 4,
            "groups": 2,
            "hidden": 24,
            "experts": 6,
            "active": 2,
            "shared": 40,
        },
    ),
    ("resnet.nn", "ResNet18", {"H": None, "W": None}),
    # bfloat16 convolutions of 8 channels by 8x8 pixels are wrong on CPUs (PyTorch 2.13), so that it narrows by 2x2 here
    (
        "segformer.nn",
        "SegFormer",
        {
            "widths": [8, 16, 20, 32],
            "depths": [1, 1, 1, 1],
            "reductions": [2, 2, 2, 1],
            "head": 24,
            "classes": 7,
            "H": 64,
            "W": 96,
        },
    ),
    ("softmax_regression.nn", "SoftmaxRegression", {}),
    ("unet.nn", "UNet", {"base": 8}),
    ("vae_conv.nn", "ConvVAE", {}),
    ("vgg.nn", "VGG11", {"batch_norm": True, "classes": 5, "H": 32, "W": 32}),
]
GOLDENS: list[Entry] = list(chain(*(each.GOLDENS.values() for each in (classics, vision, later, sequences, language))))
OTHERS: list[Entry] = [(file, model, settings) for file, model, settings, _ in vision.SMALL]
EVERY: list[Entry] = [*GOLDENS, *OTHERS, *SMALL]
ZOO: dict[str, Entry] = {entry[0]: entry for entry in EVERY}  # one a file

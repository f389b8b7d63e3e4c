"""Which spec of the zoo each record and golden of an image network belongs to."""

from __future__ import annotations

from typing import Any

Spec = tuple[str, str, dict[str, Any]]  # file, model, settings

# Record -> its spec.
VISION: dict[str, Spec] = {
    "vit_b_16": ("vit.nn", "ViT", {}),
    "vit_b_32": ("vit.nn", "ViTB32", {}),
    "efficientnet_b1": ("efficientnet.nn", "EfficientNetB1", {}),
    "efficientnet_v2_s": ("efficientnet_v2.nn", "EfficientNetV2", {}),
    "convnext_small": ("convnext.nn", "ConvNeXtSmall", {}),
    "swin_s": ("swin.nn", "SwinSmall", {}),
    "inception_v4": ("inception_v4.nn", "InceptionV4", {}),
    "mobilenet_v3_small": ("mobilenet_v3.nn", "MobileNetV3Small", {}),
    "squeezenet1_0": ("squeezenet.nn", "SqueezeNet", {}),
    "mixer_b16_224": ("mixer.nn", "Mixer", {}),
    "ae_sparse": ("ae_sparse.nn", "SparseAutoencoder", {}),
    "ae_denoising": ("ae_denoising.nn", "DenoisingAutoencoder", {}),
    "ae_contractive": ("ae_contractive.nn", "ContractiveAutoencoder", {}),
    "espcn": ("espcn.nn", "ESPCN", {}),
    "pix2pix_unet_256": ("pix2pix_unet.nn", "Pix2PixUNet", {}),
    "pix2pix_patchgan": ("patchgan.nn", "PatchGAN", {}),
    "pgan_generator_64": ("pgan_generator.nn", "PGANGenerator", {"widths": [512, 512, 512, 512, 256]}),
    "pgan_discriminator_1024": ("pgan_discriminator.nn", "PGANDiscriminator", {"group": 1}),
    "ddpm_cifar10": ("ddpm.nn", "DDPM", {}),
}

# Golden -> its spec.
GOLDENS: dict[str, Spec] = {
    "vit_tiny": (
        "vit.nn", "ViT",
        {"size": 32, "patch": 8, "depth": 2, "heads": 4, "width": 64, "hidden": 128, "classes": 10},
    ),
    "convnext_tiny_config": (
        "convnext.nn", "ConvNeXt", {"depths": [2, 2], "widths": [16, 32], "classes": 10, "H": 32, "W": 32}
    ),
    "swin_tiny_config": (
        "swin.nn", "Swin",
        {"width": 16, "depths": [2, 2], "heads": [2, 4], "window": 4, "classes": 10, "H": 48, "W": 48},
    ),
    "mobilenet_v3_small": ("mobilenet_v3.nn", "MobileNetV3Small", {"H": 64, "W": 64}),
    "mixer_tiny": ("mixer.nn", "Mixer", {"size": 32, "patch": 8, "layers": 2, "width": 64, "classes": 10}),
    "ae_sparse": ("ae_sparse.nn", "SparseAutoencoder", {}),
    "espcn": ("espcn.nn", "ESPCN", {}),
    "pix2pix_unet_small": ("pix2pix_unet.nn", "Pix2PixUNet", {"depth": 6, "width": 8}),
    "pgan_generator_16": ("pgan_generator.nn", "PGANGenerator", {"widths": [64, 64, 32], "latent": 64}),
    "ddpm_tiny": ("ddpm.nn", "DDPM", {"widths": [32, 64], "attention": [False, True], "groups": 8}),
    "ae_denoising": ("ae_denoising.nn", "DenoisingAutoencoder", {}),
    "ae_contractive": ("ae_contractive.nn", "ContractiveAutoencoder", {}),
    "vgg13": ("vgg.nn", "VGG13", {"H": 32, "W": 32}),
    "squeezenet1_0": ("squeezenet.nn", "SqueezeNet1_0", {"H": 80, "W": 80}),
    "pgan_discriminator_32": ("pgan_discriminator.nn", "PGANDiscriminator", {"widths": [64, 64, 32, 16]}),
}  # fmt: skip

# Variants without a record: parameters, multiply-accumulates at their own size and batch 1, and the first digits of the
# SHA-256 of the keys and shapes of the `state_dict`, a line `key 64x3x3x3` each. Obtained by building them with
# torchvision 0.29 and timm 1.0, the generative ones with transcriptions of the public code that the specs name.
VARIANTS: list[tuple[str, str, dict[str, Any], int, int, str]] = [
    ("efficientnet.nn", "EfficientNetB0", {}, 5_288_548, 385_814_752, "4b15cd6f34407cf9"),
    ("efficientnet.nn", "EfficientNetB1", {}, 7_794_184, 686_802_832, "6ef8f684c68ba6af"),
    ("efficientnet.nn", "EfficientNetB2", {}, 9_109_994, 1_087_529_456, "d98c6d3e6cf83c86"),
    ("efficientnet.nn", "EfficientNetB3", {}, 12_233_232, 1_827_141_392, "e0e2384a71a50dca"),
    ("efficientnet.nn", "EfficientNetB4", {}, 19_341_616, 4_393_771_024, "83caaf02289e98ca"),
    ("efficientnet.nn", "EfficientNetB5", {}, 30_389_784, 10_266_384_752, "806fcd3df260ceb9"),
    ("efficientnet.nn", "EfficientNetB6", {}, 43_040_704, 19_067_593_536, "4582e6236e35268f"),
    ("efficientnet.nn", "EfficientNetB7", {}, 66_347_960, 37_745_884_192, "3bbb8908802872a2"),
    ("efficientnet_v2.nn", "EfficientNetV2M", {}, 54_139_356, 24_582_460_384, "6e505ca70886706f"),
    ("efficientnet_v2.nn", "EfficientNetV2L", {}, 118_515_272, 56_079_699_008, "ff6ad90451181bee"),
    ("convnext.nn", "ConvNeXtTiny", {}, 28_589_128, 4_455_531_264, "c235a7455f2bc172"),
    ("convnext.nn", "ConvNeXtBase", {}, 88_591_464, 15_354_729_472, "89b4f9b74350f16e"),
    ("convnext.nn", "ConvNeXtLarge", {}, 197_767_336, 34_361_433_600, "14cd69de909f8aa0"),
    ("swin.nn", "SwinTiny", {}, 28_288_354, 4_490_566_656, "59b77054ea2496cb"),
    ("swin.nn", "SwinBase", {}, 87_768_224, 15_430_946_816, "7cd5e4f5fbb2c446"),
    ("vit.nn", "ViTL16", {}, 304_326_632, 61_554_712_576, "1ad1f303c7a990da"),
    ("vit.nn", "ViTL32", {}, 306_535_400, 15_377_539_072, "acbe6ca0b33ba688"),
    ("vit.nn", "ViTH14", {}, 632_045_800, 167_295_109_120, "26fa9ea61c614e55"),
    ("inception_v3.nn", "InceptionV3", {}, 27_161_264, 5_713_216_096, "311b9aadb9a0c28a"),
    ("inception_v3.nn", "InceptionV3", {"auxiliary": False}, 23_834_568, 5_713_216_096, "4ca192256a04d175"),
    ("mobilenet_v3.nn", "MobileNetV3Large", {}, 5_483_032, 216_589_760, "33a3e5205206cc44"),
    ("mobilenet_v3.nn", "MobileNetV3Large", {"multiplier": 0.75}, 3_377_576, 140_033_816, "433f1980b99773b5"),
    ("squeezenet.nn", "SqueezeNet1_1", {}, 1_235_496, 349_151_936, "a43d1bfcc88178de"),
    ("xception.nn", "Xception", {}, 22_855_952, 8_357_403_496, "2dd378556f9fd1ab"),
    ("inception_resnet_v2.nn", "InceptionResNetV2", {}, 55_843_464, 13_155_794_016, "e607b9ac19258ec7"),
    ("mixer.nn", "MixerS16", {}, 18_528_264, 3_776_958_464, "644eafedf524d605"),
    ("mixer.nn", "MixerL16", {}, 208_196_168, 44_547_678_208, "e5cc922c2232ccaf"),
    ("patchgan.nn", "CycleGANDiscriminator", {}, 2_764_737, 3_146_809_344, "45d34e9e08ebb7e5"),
    ("pgan_generator.nn", "PGANGenerator", {}, 23_086_795, 42_672_848_896, "4b10f6d72e0b6c41"),
    ("cyclegan.nn", "CycleGANGenerator", {}, 11_378_179, 49_551_507_456, "69714e303479808b"),
    ("srgan_generator.nn", "SRGANGenerator", {}, 734_219, 5_763_760_128, "6a87aa183cde0f79"),
    ("srgan_generator.nn", "SRGANGenerator16", {}, 1_549_462, 9_085_648_896, "4c0948a849b6fa8f"),
    ("srgan_discriminator.nn", "SRGANDiscriminator", {}, 5_215_425, 865_797_120, "41118476da471bfd"),
]

# Parameters of networks whose source states nothing else.
PUBLISHED: list[tuple[str, str, dict[str, Any], int]] = [
    ("alexnet_2012.nn", "AlexNet2012", {}, 60_965_224),  # bvlc_alexnet
    ("lenet5_1998.nn", "LeNet51998", {}, 60_000),  # the paper
    ("vae_conv.nn", "ConvVAE", {}, 69_076 + 65_089),  # Keras examples
    ("inception_resnet_v2.nn", "InceptionResNetV2", {"scale": False}, 55_873_736 - 60_544),  # Keras applications
    ("inception_v3.nn", "KerasInceptionV3", {}, 23_817_352),  # Keras applications
    ("ddpm.nn", "DDPM256", {}, 113_673_219),  # google/ddpm-celebahq-256
    ("pgan_discriminator.nn", "PGANDiscriminator", {}, 23_087_249),  # the paper: 23.1M
]

# Specs without a golden at a small size: spec, and the sizes of its symbols.
SMALL: list[tuple[str, str, dict[str, Any], dict[str, int]]] = [
    ("xception.nn", "Xception", {"H": 71, "W": 71}, {}),
    ("inception_v3.nn", "InceptionV3", {"auxiliary": False, "H": 75, "W": 75}, {}),
    ("inception_v4.nn", "InceptionV4", {"H": 75, "W": 75}, {}),
    ("inception_resnet_v2.nn", "InceptionResNetV2", {"scale": False, "H": 75, "W": 75}, {}),
    ("efficientnet.nn", "EfficientNet", {"H": 40, "W": 40}, {}),
    ("efficientnet_v2.nn", "EfficientNetV2", {"H": 40, "W": 40}, {}),
    ("squeezenet.nn", "SqueezeNet", {"H": 50, "W": 50}, {}),
    ("mobilenet.nn", "MobileNet", {"multiplier": 0.25, "H": 64, "W": 33}, {}),
    ("alexnet_2012.nn", "AlexNet2012", {}, {}),
    ("lenet5_1998.nn", "LeNet51998", {}, {}),
    ("ae_denoising.nn", "DenoisingAutoencoder", {}, {"h": 3, "w": 2}),
    ("ae_contractive.nn", "ContractiveAutoencoder", {}, {}),
    ("patchgan.nn", "PatchGAN", {"width": 8}, {"H": 70, "W": 80}),
    ("patchgan.nn", "CycleGANDiscriminator", {"width": 8}, {"H": 70, "W": 70}),
    ("cyclegan.nn", "CycleGANGenerator", {"blocks": 2, "width": 8}, {"h": 3, "w": 2}),
    ("srgan_generator.nn", "SRGANGenerator", {"blocks": 2, "width": 8}, {"H": 5, "W": 6}),
    ("srgan_discriminator.nn", "SRGANDiscriminator", {"width": 8}, {"H": 17, "W": 12}),
    ("pgan_discriminator.nn", "PGANDiscriminator", {"widths": [16, 8, 8]}, {"n": 2}),
]

# Classifiers that take images of any size where `H` and `W` are `none`.
OPEN: list[tuple[str, str]] = [
    ("alexnet.nn", "AlexNet"),
    ("googlenet.nn", "GoogLeNet"),
    ("resnet.nn", "ResNet18"),
    ("densenet.nn", "DenseNet121"),
    ("squeezenet.nn", "SqueezeNet1_1"),
    ("mobilenet_v2.nn", "MobileNetV2"),
    ("mobilenet_v3.nn", "MobileNetV3Small"),
    ("efficientnet.nn", "EfficientNetB0"),
    ("efficientnet_v2.nn", "EfficientNetV2S"),
    ("convnext.nn", "ConvNeXtTiny"),
    ("xception.nn", "Xception"),
    ("inception_v3.nn", "InceptionV3"),
    ("inception_v4.nn", "InceptionV4"),
    ("inception_resnet_v2.nn", "InceptionResNetV2"),
]

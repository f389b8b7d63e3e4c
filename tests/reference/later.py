"""The networks that came to the zoo for 1.0: which spec each of their goldens belongs to, and variants without a record."""

from __future__ import annotations

from typing import Any

from reference.vision import Spec

# Golden -> its spec.
GOLDENS: dict[str, Spec] = {
    "shufflenet_v2_tiny": (
        "shufflenet_v2.nn",
        "ShuffleNetV2",
        {"widths": [16, 32, 48, 64], "units": [2, 3, 2], "classes": 10, "H": 64, "W": 64},
    ),
    "mnasnet_0_25": ("mnasnet.nn", "MNASNet", {"multiplier": 0.25, "classes": 10, "H": 64, "W": 64}),
    "resnext_dilated": (
        "resnet.nn",
        "ResNeXt50_32x4d",
        {"depths": [1, 1, 1, 1], "dilated": True, "classes": 10, "H": 32, "W": 32},
    ),
    "yolov8_tiny": ("yolov8.nn", "YOLOv8", {"widths": [8, 16, 32, 64, 128], "classes": 5, "H": 64, "W": 96}),
    "dinov2_interpolated": (
        "dinov2.nn",
        "DINOv2Giant",
        {"width": 32, "depth": 2, "heads": 4, "patch": 7, "size": 28, "H": 42, "W": 35},
    ),
    "stable_diffusion_tiny": (
        "stable_diffusion.nn",
        "StableDiffusion",
        {"widths": [16, 32], "heads": [2, None], "text": 12, "blocks": 1, "groups": 4, "linear": False},
    ),
    "stable_diffusion_tiny_linear": (
        "stable_diffusion.nn",
        "StableDiffusion",
        {"widths": [16, 32], "heads": [2, None], "text": 12, "blocks": 1, "groups": 4, "linear": True},
    ),
    "stable_diffusion_vae_tiny": (
        "stable_diffusion_vae.nn",
        "StableDiffusionVAE",
        {"widths": [16, 32], "blocks": 1, "groups": 4},
    ),
    "segformer_tiny": (
        "segformer.nn",
        "SegFormer",
        {
            "widths": [8, 16, 20, 32],
            "depths": [1, 2, 1, 1],
            "heads": [1, 2, 5, 8],
            "head": 24,
            "classes": 7,
            "H": 64,
            "W": 96,
        },
    ),
    "deeplab_v3_small": (
        "deeplab_v3.nn",
        "DeepLabV3",
        {"classes": 5, "H": 48, "W": 40, "backbone": "ResNet(depths = [1, 1, 1, 1])"},
    ),
    "fcn_small": ("fcn.nn", "FCN", {"classes": 5, "H": 48, "W": 40, "backbone": "ResNet(depths = [1, 1, 1, 1])"}),
    "poolformer_tiny": (
        "poolformer.nn",
        "PoolFormer",
        {"depths": [1, 2], "widths": [8, 16], "scale": 0.1, "classes": 10, "H": 40, "W": 56},
    ),
    "convnext_v2_tiny": (
        "convnext_v2.nn",
        "ConvNeXtV2",
        {"depths": [1, 2], "widths": [8, 16], "classes": 10, "H": 32, "W": 48},
    ),
    "convmixer_tiny": (
        "convmixer.nn",
        "ConvMixer",
        {"width": 16, "depth": 2, "kernel": 5, "patch": 4, "classes": 10, "H": 32, "W": 24},
    ),
    "mc3_10": ("video_resnet.nn", "MC3_18", {"depths": [1, 1, 1, 1], "classes": 5, "steps": 4, "H": 24, "W": 32}),
    "r2plus1d_10": (
        "video_resnet.nn",
        "R2Plus1D_18",
        {"depths": [1, 1, 1, 1], "classes": 5, "steps": 4, "H": 24, "W": 32},
    ),
    "swin_v2_tiny_config": (
        "swin.nn",
        "SwinV2",
        {"width": 16, "depths": [2, 2], "heads": [2, 4], "window": 4, "classes": 10, "H": 48, "W": 40},
    ),
}

# As in `vision.VARIANTS`: parameters, multiply-accumulates, and the beginning of the SHA-256 of the `state_dict`.
# Two count products that their references count otherwise: YOLOv8's mean distance is no convolution here, and Swin V2
# takes the bias from its keys behind the product.
VARIANTS: list[tuple[str, str, dict[str, Any], int, int, str]] = [
    ("shufflenet_v2.nn", "ShuffleNetV2_x0_5", {}, 1_366_792, 40_476_448, "211d2141f8f9c121"),
    ("shufflenet_v2.nn", "ShuffleNetV2_x1_0", {}, 2_278_604, 144_907_992, "f20a4a8636e4b8da"),
    ("shufflenet_v2.nn", "ShuffleNetV2_x1_5", {}, 3_503_624, 295_759_392, "aa229e2c597cc51e"),
    ("shufflenet_v2.nn", "ShuffleNetV2_x2_0", {}, 7_393_996, 583_253_464, "3272533c13869809"),
    ("mnasnet.nn", "MNASNet0_5", {}, 2_218_512, 104_455_968, "9efc0f4b60d245b1"),
    ("mnasnet.nn", "MNASNet0_75", {}, 3_170_208, 215_493_104, "a4030b3f43f04caf"),
    ("mnasnet.nn", "MNASNet1_0", {}, 4_383_312, 314_415_872, "15805ee03eaf27d8"),
    ("mnasnet.nn", "MNASNet1_3", {}, 6_282_256, 526_362_432, "a73dd6bb47732451"),
    ("resnet.nn", "ResNet18", {}, 11_689_512, 1_814_073_344, "f77af260c2dbd0ec"),
    ("resnet.nn", "ResNet152", {}, 60_192_808, 11_513_626_624, "c99111e5479cd991"),
    ("resnet.nn", "ResNeXt50_32x4d", {}, 25_028_904, 4_230_479_872, "5714482a7d62f048"),
    ("resnet.nn", "ResNeXt101_32x8d", {}, 88_791_336, 16_414_015_488, "c1abb746ecaed902"),
    ("resnet.nn", "ResNeXt101_64x4d", {}, 83_455_272, 15_460_270_080, "59d1d3453052b4be"),
    ("resnet.nn", "WideResNet50_2", {}, 68_883_240, 11_398_021_120, "7b94ebda428368d3"),
    ("resnet.nn", "WideResNet101_2", {}, 126_886_696, 22_753_050_624, "effefd9ffa9cdcea"),
    ("yolov8.nn", "YOLOv8n", {}, 3_157_200, 4_371_456_000, "e80c8754742d9d7b"),
    ("yolov8.nn", "YOLOv8s", {}, 11_166_560, 14_300_774_400, "cba96b20dda65366"),
    ("yolov8.nn", "YOLOv8m", {}, 25_902_640, 39_467_827_200, "8769338ff35d7191"),
    ("yolov8.nn", "YOLOv8l", {}, 43_691_520, 82_573_721_600, "6216eb04a983ac9d"),
    ("yolov8.nn", "YOLOv8x", {}, 68_229_648, 128_901_632_000, "0241ed4aba856a7f"),
    ("dinov2.nn", "DINOv2Small", {}, 22_056_576, 6_123_561_984, "8659b13fec222cb8"),
    ("dinov2.nn", "DINOv2Base", {}, 86_580_480, 23_161_227_264, "43f4dae7a97b219d"),
    ("dinov2.nn", "DINOv2Large", {}, 304_368_640, 81_011_982_336, "33210c85e899fa96"),
    ("dinov2.nn", "DINOv2Giant", {}, 1_136_480_768, 299_390_066_688, "a5974ca03d70a5c1"),
    ("stable_diffusion.nn", "StableDiffusion1_5", {}, 859_520_964, 401_087_201_280, "bcd1e6d1cff90d7c"),
    ("stable_diffusion.nn", "StableDiffusion2_1", {}, 865_910_724, 401_496_145_920, "deed432485a10b7a"),
    ("stable_diffusion_vae.nn", "StableDiffusionVAE", {}, 83_653_863, 1_815_588_700_160, "2f48967b199711ef"),
    ("segformer.nn", "SegFormerB0", {}, 3_752_694, 8_387_821_568, "8614865d4d685bbd"),
    ("segformer.nn", "SegFormerB1", {}, 13_715_798, 15_878_062_080, "d36f9e1df765e936"),
    ("segformer.nn", "SegFormerB2", {}, 27_461_974, 62_337_843_200, "9f16ff3a9ebf28b5"),
    ("segformer.nn", "SegFormerB3", {}, 47_337_814, 78_963_015_680, "407929451dad1729"),
    ("segformer.nn", "SegFormerB4", {}, 64_108_374, 95_567_478_784, "f12554413dd3750c"),
    ("segformer.nn", "SegFormerB5", {}, 84_708_694, 111_510_290_432, "088a515515481c8f"),
    ("deeplab_v3.nn", "DeepLabV3_ResNet50", {}, 42_004_074, 168_731_205_888, "ccda2958d10afe25"),
    ("fcn.nn", "FCN_ResNet50", {}, 35_322_218, 142_725_772_800, "daa243c71290706f"),
    ("deeplab_v3.nn", "DeepLabV3_ResNet101", {"auxiliary": False}, 58_630_997, 248_752_300_288, "88a66172ba714804"),
    ("fcn.nn", "FCN_ResNet101", {"auxiliary": False}, 51_949_141, 222_746_867_200, "21fa77573d82e56e"),
    ("poolformer.nn", "PoolFormerS12", {}, 11_915_176, 1_812_267_008, "640c22e8da791520"),
    ("poolformer.nn", "PoolFormerS24", {}, 21_388_968, 3_392_208_896, "545e92f4deabdc41"),
    ("poolformer.nn", "PoolFormerS36", {}, 30_862_760, 4_972_150_784, "aa5af04d0174d5e6"),
    ("poolformer.nn", "PoolFormerM36", {}, 56_172_520, 8_758_788_096, "2b6ed92bd90ca790"),
    ("poolformer.nn", "PoolFormerM48", {}, 73_473_448, 11_533_320_192, "90fdc225233248db"),
    ("convnext_v2.nn", "ConvNeXtV2Atto", {}, 3_708_400, 547_332_480, "c2e260adf19fad16"),
    ("convnext_v2.nn", "ConvNeXtV2Femto", {}, 5_233_240, 779_629_824, "37c6721d8f3df2ec"),
    ("convnext_v2.nn", "ConvNeXtV2Pico", {}, 9_066_280, 1_367_055_360, "305f7c04bb81e763"),
    ("convnext_v2.nn", "ConvNeXtV2Nano", {}, 15_623_800, 2_445_528_320, "1c87776c3e11d2c1"),
    ("convnext_v2.nn", "ConvNeXtV2Tiny", {}, 28_635_496, 4_455_531_264, "0e3e96af79b090bf"),
    ("convnext_v2.nn", "ConvNeXtV2Base", {}, 88_717_800, 15_354_729_472, "65e9cd4d5b524e37"),
    ("convnext_v2.nn", "ConvNeXtV2Large", {}, 197_956_840, 34_361_433_600, "aebe973c0384f347"),
    ("convnext_v2.nn", "ConvNeXtV2Huge", {}, 660_289_640, 114_922_100_480, "0fb2f75af9af65bc"),
    ("convmixer.nn", "ConvMixer1536_20", {}, 51_625_960, 51_099_168_768, "8306123f212f97de"),
    ("convmixer.nn", "ConvMixer1024_20", {}, 24_383_464, 5_948_547_072, "7e9f6edaac5d4c13"),
    ("convmixer.nn", "ConvMixer768_32", {}, 21_110_248, 20_676_851_712, "b093bcb76df7d067"),
    ("video_resnet.nn", "R3D_18", {}, 33_371_472, 40_696_553_472, "3749ed6cd04d8208"),
    ("video_resnet.nn", "MC3_18", {}, 11_695_440, 43_342_635_008, "4b4547bf3dc11d7b"),
    ("video_resnet.nn", "R2Plus1D_18", {}, 31_505_325, 40_519_080_960, "0e7cfe885fec00be"),
    ("swin.nn", "SwinV2Tiny", {}, 28_351_570, 5_946_160_128, "cb4e6e7ec18731da"),
    ("swin.nn", "SwinV2Small", {}, 49_737_442, 11_557_635_072, "d6fa99ca75af29a9"),
    ("swin.nn", "SwinV2Base", {}, 87_930_848, 20_346_073_088, "ef3d3c28f479beb8"),
    ("swin.nn", "SwinTiny", {}, 28_288_354, 4_490_566_656, "59b77054ea2496cb"),
]

"""Which spec each record and golden of the older and smaller networks belongs to."""

from __future__ import annotations

from typing import Any

Spec = tuple[str, str, dict[str, Any]]  # file, model, settings

# Record -> its spec.
CLASSICS: dict[str, Spec] = {
    "softmax_regression": ("softmax_regression.nn", "SoftmaxRegression", {}),
    "mlp_mnist": ("mlp_mnist.nn", "MnistMLP", {}),
    "mnist_cnn": ("mnist_cnn.nn", "MnistCNN", {}),
    "mnist_convnet": ("mnist_convnet.nn", "MnistConvNet", {"probabilities": True}),
    "lenet5": ("lenet5.nn", "LeNet5", {}),
    "alexnet": ("alexnet.nn", "AlexNet", {}),
    "vgg11_bn": ("vgg.nn", "VGG11", {"batch_norm": True}),
    "vgg13": ("vgg.nn", "VGG13", {}),
    "vgg16": ("vgg.nn", "VGG16", {}),
    "vgg16_bn": ("vgg.nn", "VGG", {"batch_norm": True}),
    "vgg19": ("vgg.nn", "VGG19", {}),
    "googlenet": ("googlenet.nn", "GoogLeNet", {}),
    "googlenet_aux": ("googlenet.nn", "GoogLeNet", {"auxiliary": True}),
    "resnet18": ("resnet.nn", "ResNet18", {}),
    "resnet34": ("resnet.nn", "ResNet34", {}),
    "resnet50": ("resnet.nn", "ResNet", {}),
    "resnet101": ("resnet.nn", "ResNet101", {}),
    "densenet121": ("densenet.nn", "DenseNet", {}),
    "densenet161": ("densenet.nn", "DenseNet161", {}),
    "mobilenet_v2": ("mobilenet_v2.nn", "MobileNetV2", {}),
    "ae_plain": ("ae_plain.nn", "Autoencoder", {}),
    "ae_conv": ("ae_conv.nn", "ConvAutoencoder", {}),
    "vae": ("vae.nn", "VAE", {}),
    "unet_2015": ("unet_2015.nn", "UNet2015", {}),
    "unet": ("unet.nn", "UNet", {}),
    "dcgan_generator": ("dcgan_generator.nn", "DCGANGenerator", {}),
    "dcgan_discriminator": ("dcgan_discriminator.nn", "DCGANDiscriminator", {}),
}

# Parameters of variants without a record
# (obtained by building them with torchvision 0.28; for U-Net, with the code that its record names).
VARIANTS: list[tuple[str, str, dict[str, Any], int]] = [
    ("vgg.nn", "VGG11", {}, 132_863_336),
    ("vgg.nn", "VGG13", {"batch_norm": True}, 133_053_736),
    ("vgg.nn", "VGG19", {"batch_norm": True}, 143_678_248),
    ("resnet.nn", "ResNet50", {}, 25_557_032),
    ("resnet.nn", "ResNet152", {}, 60_192_808),
    ("densenet.nn", "DenseNet121", {}, 7_978_856),
    ("densenet.nn", "DenseNet169", {}, 14_149_480),
    ("densenet.nn", "DenseNet201", {}, 20_013_928),
    ("mobilenet_v2.nn", "MobileNetV2", {"multiplier": 0.1}, 1_367_080),
    ("mobilenet_v2.nn", "MobileNetV2", {"multiplier": 0.35}, 1_677_128),
    ("mobilenet_v2.nn", "MobileNetV2", {"multiplier": 0.75}, 2_636_424),
    ("mobilenet_v2.nn", "MobileNetV2", {"multiplier": 1.4}, 6_108_776),
    ("unet.nn", "UNet", {"bilinear": True}, 17_263_042),
]

_SMALL = {"H": 64, "W": 64}

# Golden -> its spec.
GOLDENS: dict[str, Spec] = {
    "mnist_convnet": ("mnist_convnet.nn", "MnistConvNet", {"probabilities": True}),
    "mnist_convnet_sgd": ("mnist_convnet.nn", "MnistConvNet", {}),
    "mlp_mnist": ("mlp_mnist.nn", "MnistMLP", {}),
    "lenet5": ("lenet5.nn", "LeNet5", {}),
    "lenet5_sgd": ("lenet5.nn", "LeNet5", {}),
    "ae_conv": ("ae_conv.nn", "ConvAutoencoder", {}),
    "vae": ("vae.nn", "VAE", {}),
    "resnet18": ("resnet.nn", "ResNet18", _SMALL),
    "resnet18_train": ("resnet.nn", "ResNet18", _SMALL),
    "googlenet": ("googlenet.nn", "GoogLeNet", {"H": 96, "W": 96}),
    "mobilenet_v2": ("mobilenet_v2.nn", "MobileNetV2", _SMALL),
    "densenet121": ("densenet.nn", "DenseNet121", _SMALL),
    "unet": ("unet.nn", "UNet", {}),  # for any size; the golden's is odd on the way down
    "unet_2015_small": ("unet_2015.nn", "UNet2015", {"base": 8}),
    "dcgan_generator": ("dcgan_generator.nn", "DCGANGenerator", {}),
    "dcgan_discriminator": ("dcgan_discriminator.nn", "DCGANDiscriminator", {}),
}

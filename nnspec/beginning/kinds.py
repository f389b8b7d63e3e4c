"""The kinds of networks that `nnspec new` knows, each an example that trains as it stands."""

from __future__ import annotations

from nnspec.record import Record
from nnspec.resources import folder


class Kind(Record):
    """A kind of network: its example, and what that does."""

    name: str
    example: str
    about: str


KINDS = (
    Kind("mlp", "iris", "numbers to classes: a perceptron on iris"),
    Kind("cnn", "lenet5_digits", "pictures to classes: LeNet-5 on digits"),
    Kind("resnet", "resnet_digits", "pictures to classes: a small ResNet on digits"),
    Kind("vit", "vit_digits", "pictures to classes: a small vision transformer on digits"),
    Kind("transfer", "transfer_digits", "a trained network's body for a new task"),
    Kind("moe", "mixture_digits", "a mixture of experts on digits"),
    Kind("autoencoder", "denoising_digits", "pictures to cleaner pictures"),
    Kind("unet", "unet_shapes", "pictures to a class a pixel: a small U-Net"),
    Kind("vae", "vae_digits", "a variational autoencoder that draws digits"),
    Kind("gan", "dcgan_digits", "two networks against each other that draw digits"),
    Kind("cyclegan", "cyclegan_digits", "pictures of one kind to those of another, without pairs"),
    Kind("diffusion", "diffusion_digits", "denoising diffusion that draws digits"),
    Kind("lstm", "characters_lstm", "a text's next character: an LSTM"),
    Kind("gpt", "characters_gpt", "a text's next character: the blocks of GPT-2"),
    Kind("seq2seq", "translate_numbers", "a sequence to another one, with attention"),
)


def find_kind(name: str) -> Kind | None:
    """The kind of this name, or of the example of this name."""
    return next((kind for kind in KINDS if name.lower() in (kind.name, kind.example)), None)


def example_text(name: str) -> str:
    """The text of an example."""
    return (folder("examples") / f"{name}.nn").read_text(encoding="utf-8")

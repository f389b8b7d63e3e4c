"""Configurations of models that are not among the families: transformers makes the module, which is imported as any is.

Transformers is no part of nnspec: it is used where it is installed. Weights are random, and no code of others is run.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnspec.api import Model

LENGTHS = (2, 8)  # samples and tokens of an example


def through_transformers(path: Path, name: str | None = None) -> Model | None:
    """The model of a configuration, by its class of transformers; None where transformers does not know its type.

    Args:
        path: the `config.json`.
        name: what the model is called; its class if it is left out.

    Raises:
        SpecError: the module cannot be said in the language.
    """
    import torch

    from nnspec.api import from_torch

    transformers = import_module("transformers")
    try:
        config = transformers.AutoConfig.from_pretrained(path.parent, local_files_only=True)
    except (ValueError, OSError, KeyError):
        return None
    config._attn_implementation = "eager"
    config.use_cache = False
    named = [each for each in config.architectures or () if hasattr(transformers, each)]
    torch.manual_seed(0)
    made = getattr(transformers, named[0])._from_config if named else transformers.AutoModel.from_config
    module = made(config).eval()
    if module.main_input_name == "pixel_values":
        size = getattr(config, "image_size", 224)
        image = torch.rand(LENGTHS[0], getattr(config, "num_channels", 3), size, size)
        return from_torch(module, {"pixel_values": image}, dynamic={"pixel_values": f"N 3 {size} {size}"}, name=name)
    tokens = torch.arange(1, 1 + LENGTHS[0] * LENGTHS[1]).reshape(LENGTHS)
    example, sizes = {"input_ids": tokens}, {"input_ids": "N T"}
    if config.is_encoder_decoder:
        example, sizes = (
            {**example, "decoder_input_ids": tokens[:, :5]},
            {"input_ids": "N S", "decoder_input_ids": "N T"},
        )
    return from_torch(module, example, dynamic=sizes, name=name)

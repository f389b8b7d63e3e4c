"""Configurations of models that are not among the families: transformers makes the module, which is imported as any is.

Transformers is no part of nnspec: it is used where it is installed. Weights are random, and no code of others is run.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

from nnspec.huggingface.content import Config, content_of
from nnspec.record import Record

if TYPE_CHECKING:
    from torch import Tensor, nn

LENGTHS = (2, 8)  # samples and tokens of an example


class Made(Record):
    """A module of transformers, and what is needed to import it."""

    module: nn.Module
    example: dict[str, Tensor]
    dynamic: dict[str, str]  # the sizes of its inputs


def through_transformers(given: Config) -> Made | None:
    """The module of a configuration, by its class of transformers; None where transformers does not know its type.

    Args:
        given: as `spec_of` takes it.
    """
    import torch

    transformers = import_module("transformers")
    options = json.loads(content_of(given).content)
    try:
        config = transformers.CONFIG_MAPPING[options["model_type"]].from_dict(options)
    except (ValueError, TypeError, KeyError):
        return None
    for part in (config, *(getattr(config, name) for name in getattr(config, "sub_configs", ()))):
        if part is not None:
            part._attn_implementation = "eager"
            part.use_cache = False
    named = [each for each in config.architectures or () if hasattr(transformers, each)]
    torch.manual_seed(0)
    made = getattr(transformers, named[0])._from_config if named else transformers.AutoModel.from_config
    module = made(config).eval()
    if module.main_input_name == "pixel_values":
        size = getattr(config, "image_size", 224)
        image = torch.rand(LENGTHS[0], getattr(config, "num_channels", 3), size, size)
        return Made(module, {"pixel_values": image}, {"pixel_values": f"N 3 {size} {size}"})
    tokens = torch.arange(1, 1 + LENGTHS[0] * LENGTHS[1]).reshape(LENGTHS)
    if config.is_encoder_decoder:
        both = {"input_ids": tokens, "decoder_input_ids": tokens[:, :5]}
        return Made(module, both, {"input_ids": "N S", "decoder_input_ids": "N T"})
    return Made(module, {"input_ids": tokens}, {"input_ids": "N T"})

"""`hf://owner/name@revision`: a folder of the Hub, in the usual cache of huggingface_hub.

Nothing else that names a model uses the network. Fetched are the files that are read: JSON, safetensors and the chat
template. Pickles and code never are.
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.hub.mistakes import BadAddress, CannotFetch
from nnspec.kinds import HF, is_run
from nnspec.weights.source import WeightChoice, WeightSource

SMALL = ("config.json", "adapter_config.json")
WHOLE = (
    *SMALL, "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "chat_template.jinja", "model.safetensors", "model.safetensors.index.json",
    "model-*-of-*.safetensors",
)  # fmt: skip
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_ADDRESS = re.compile(rf"hf://(?P<name>{_NAME}/{_NAME})(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]{{0,200}}))?/?")


def local(path: str | PathLike[str], files: tuple[str, ...] = WHOLE) -> Path:
    """The folder itself, or, for an address, the one in the cache that these files of it were fetched to.

    Raises:
        SpecError: it is no address, or cannot be fetched.
    """
    return fetched(str(path), files) if str(path).startswith(HF) else Path(path)


def at_hand(weights: WeightSource | None) -> WeightSource | None:
    """Weights that are on this machine: those of an address are fetched, of a run its best ones are meant.

    Raises:
        SpecError: it is no address, or cannot be fetched; or the run has no weights yet.
    """
    if isinstance(weights, WeightChoice):
        source = at_hand(weights.source)
        assert source is not None and not isinstance(source, WeightChoice)
        return weights.replace(source=source)
    if isinstance(weights, str) and weights.startswith(HF):
        return fetched(weights, WHOLE)
    if isinstance(weights, (str, PathLike)) and is_run(weights):
        from nnspec.train.settings import best_weights  # it needs pydantic

        return best_weights(Path(weights))
    return weights


def fetched(address: str, files: tuple[str, ...]) -> Path:
    """The folder in the cache; what is there already is not fetched again.

    Raises:
        SpecError: it is no address, or cannot be fetched; or huggingface_hub is not installed.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or ".." in address:
        raise SpecError.of(BadAddress(None, address))
    need(f"fetching {address}", "huggingface_hub")
    from huggingface_hub import snapshot_download  # here: it comes with an extra, and only addresses need it
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        folder = snapshot_download(found["name"], revision=found["revision"], allow_patterns=list(files))
    except LocalEntryNotFoundError:
        reason, advice = "there is no network, and it is not in the cache", "try again with a network"
        raise SpecError.of(CannotFetch(None, address, reason, advice)) from None
    except GatedRepoError:
        raise SpecError.of(CannotFetch(None, address, "its owner asks for a login and consent")) from None
    except RepositoryNotFoundError:
        raise SpecError.of(CannotFetch(None, address, "there is no such model, or it asks for a login")) from None
    except RevisionNotFoundError:
        raise SpecError.of(CannotFetch(None, address, "the model has no such branch, tag or commit")) from None
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SpecError.of(CannotFetch(None, address, reason)) from None
    return Path(folder)

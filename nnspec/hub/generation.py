"""The rules of a folder for writing texts: `generation_config.json`, or `config.json` where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from nnspec.hub.tokenizer import FolderTokenizer
from nnspec.infer.language import Language

Number = Annotated[int, Field(ge=0, lt=2**31)]
Numbers = Annotated[
    tuple[Number, ...] | None, BeforeValidator(lambda value: [value] if isinstance(value, int) else value)
]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# What another way of writing is asked for by, with the value that asks for nothing.
_NOT_FOLLOWED = {
    "num_beams": 1, "num_beam_groups": 1, "penalty_alpha": 0, "typical_p": 1.0, "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0, "min_p": 0, "encoder_repetition_penalty": 1.0, "encoder_no_repeat_ngram_size": 0,
    "sequence_bias": None, "guidance_scale": 1, "exponential_decay_length_penalty": None, "stop_strings": None,
    "watermarking_config": None, "dola_layers": None, "bad_words_ids": None, "forced_decoder_ids": None,
}  # fmt: skip


class Generation(BaseModel):
    """The settings that nnspec follows, by transformers' names."""

    model_config = ConfigDict(extra="allow")

    max_length: Number | None = None
    max_new_tokens: Number | None = None
    min_length: Number | None = None
    min_new_tokens: Number | None = None
    do_sample: bool | None = None
    temperature: Positive | None = None
    top_k: Number | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    repetition_penalty: Positive | None = None
    no_repeat_ngram_size: Number | None = None
    forced_bos_token_id: Number | None = None
    forced_eos_token_id: Numbers = None
    suppress_tokens: Numbers = None
    begin_suppress_tokens: Numbers = None
    eos_token_id: Numbers = None
    pad_token_id: int | None = None
    bos_token_id: Number | None = None
    decoder_start_token_id: Number | None = None
    is_encoder_decoder: bool | None = None

    @property
    def left(self) -> Iterator[str]:
        """What asks for another way of writing, which is not followed."""
        for name, nothing in _NOT_FOLLOWED.items():
            value = (self.model_extra or {}).get(name)
            if value is not None and value != nothing:
                yield f"{name} = {str(value)[:40]}"


def language(stored: Generation | None, model: Generation, tokenizer: FolderTokenizer | None) -> Language:
    """The rules of a model.

    Args:
        stored: of `generation_config.json`, where there is one; it then stands alone but for the first token.
        model: of `config.json`.
        tokenizer: of the folder.
    """
    rules = stored or model
    own = model.decoder_start_token_id if model.is_encoder_decoder else None
    found: dict[str, Any] = {
        "start": _first(rules.decoder_start_token_id, own, rules.bos_token_id),
        "end": rules.eos_token_id or (),
        "padding": _padding(rules, model, tokenizer),
        "length": rules.max_new_tokens,
        "longest": rules.max_length,
        "drawn": bool(rules.do_sample),
        "left": tuple(rules.left),
        "template": tokenizer.template if tokenizer else None,
        "names": tokenizer.names if tokenizer else {},
    }
    if rules.do_sample:
        found |= {"temperature": rules.temperature or 1.0, "top_p": rules.top_p or 1.0}
        found["top_k"] = (50 if rules.top_k is None else rules.top_k) or None
    found |= {
        "repetition_penalty": rules.repetition_penalty or 1.0,
        "no_repeat_ngram": rules.no_repeat_ngram_size or 0,
        "least_length": rules.min_length or 0,
        "least_new": rules.min_new_tokens or 0,
        "forced_first": rules.forced_bos_token_id,
        "forced_last": rules.forced_eos_token_id or (),
        "suppressed": rules.suppress_tokens or (),
        "suppressed_first": rules.begin_suppress_tokens or (),
    }
    return Language(**found)


def _padding(rules: Generation, model: Generation, tokenizer: FolderTokenizer | None) -> int | None:
    known = tokenizer.numbers.get("pad_token") if tokenizer else None
    found = _first(known, rules.pad_token_id, model.pad_token_id)
    return found if found is not None and found >= 0 else None


def _first(*candidates: int | None) -> int | None:
    return next((number for number in candidates if number is not None), None)

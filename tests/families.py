"""Configurations of transformers against transformers itself, and a table: python -m tests.families [NAME ...].

Configurations of published sizes have transformers' keys and shapes, on the meta device; small ones give its outputs in
float64, with weights that a formula makes of their published keys, for every head. `--record` writes what the small ones
give to tests/data/families.json, which the tests compare with. Needs transformers, which nothing else here does.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

import nnspec
from nnspec.huggingface.known import KNOWN
from nnspec.huggingface.tasks import task_of
from nnspec.huggingface.write import spec_of
from nnspec.ir.program import Program
from nnspec.ir.state import state_dict, totals
from tests.family_cases import PUBLISHED, SMALL, example, filled

# What transformers has in outputs of outputs, from which it makes those that are compared.
NESTED = {"text_states", "text_pooled", "image_states", "image_pooled"}
RECORD = Path(__file__).parent / "data" / "families.json"
# The inputs and outputs that transformers calls otherwise.
THEIR_NAMES = {
    "tokens": "input_ids", "mask": "attention_mask", "kind": "token_type_ids", "image": "pixel_values",
    "target": "decoder_input_ids", "sound": "input_features", "text_vector": "text_embeds",
    "image_vector": "image_embeds", "features": "last_hidden_state",
}  # fmt: skip


def spec(configuration: Mapping[str, Any], folder: Path, architecture: str) -> nnspec.Model:
    """The spec of a configuration for a class of transformers."""
    path = folder / "config.json"
    path.write_text(json.dumps({**configuration, "architectures": [architecture]}))
    model = nnspec.loads(spec_of(path))
    options = {name: True for name in ("masked", "segments") if f"{name} = false" in model.text}
    return nnspec.loads(model.text, settings=options) if options else model


def shapes(program: Program) -> dict[str, tuple[int, ...]]:
    """The keys and shapes of a spec."""
    return {entry.key: tuple(map(int, entry.weight.shape)) for entry in state_dict(program)}


def theirs(folder: Path, architecture: str) -> tuple[dict[str, tuple[int, ...]], int]:
    """The keys and shapes of transformers as it saves them, and the count of its parameters."""
    import transformers
    from transformers.core_model_loading import revert_weight_conversion

    config = transformers.AutoConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = getattr(transformers, architecture)(config)
    saved = revert_weight_conversion(model, dict(model.state_dict()))
    return {key: tuple(value.shape) for key, value in saved.items()}, sum(each.numel() for each in model.parameters())


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """In which keys or shapes two layouts differ, in words; "" if in none."""
    missing, surplus = sorted(theirs.keys() - ours.keys()), sorted(ours.keys() - theirs.keys())
    other = [f"{key} {ours[key]} is {theirs[key]}" for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]]
    found = [f"{words} {' '.join(keys[:4])}" for words, keys in
             (("missing", missing), ("surplus", surplus), ("other", other)) if keys]  # fmt: skip
    return "; ".join(found)


def published(name: str) -> str:
    """Compare a configuration of published size."""
    configuration, architecture = PUBLISHED[name]
    with tempfile.TemporaryDirectory() as place:
        model = spec(configuration, Path(place), architecture)
        expected, count = theirs(Path(place), architecture)
    if configuration.get("tie_word_embeddings") is False and configuration["model_type"] in ("t5", "mt5"):
        count += configuration["vocab_size"] * configuration["d_model"]  # tied there until a file has both tables
    ours = totals(model.program)[model.program.entry].parameters
    found = difference(shapes(model.program), expected)
    if ours != count:
        found = f"{found} {ours:,} parameters, and not {count:,}"
    return found or f"{len(expected):,} keys, {count:,} parameters"


def small(name: str, architecture: str) -> tuple[str, dict[str, Any]]:
    """Compare a small configuration; what is recorded of it."""
    import transformers

    configuration = SMALL[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = spec(configuration, folder, architecture)
        spec_text = model.text
        expected, _ = theirs(folder, architecture)
        own = shapes(model.program)
        if found := difference(own, expected):
            return found, {}
        tied = {entry.key: entry.tied_to for entry in state_dict(model.program) if entry.tied_to is not None}
        weights = filled(model)
        save_file({key: each for key, each in weights.items() if key not in tied}, folder / "model.safetensors",
                  {"format": "pt"})  # fmt: skip
        kind = getattr(transformers, architecture)
        attention = "sdpa" if configuration.get("alibi") else "eager"  # where Falcon's slopes count twice
        loaded, info = kind.from_pretrained(folder, dtype=torch.float64, attn_implementation=attention,
                                            output_loading_info=True)  # fmt: skip
        if any(info[each] for each in ("missing_keys", "unexpected_keys", "mismatched_keys")):
            return str(info), {}
    with tempfile.TemporaryDirectory() as place:  # as today's transformers writes it
        loaded.config.save_pretrained(place)
        again = spec_of(Path(place) / "config.json", head=task_of(architecture))
        if again.splitlines()[1:] != spec_text.splitlines()[1:]:
            return f"it is another network as it is saved: {again}", {}
    given = example(model, configuration.get("pad_token_id"))
    with torch.no_grad(), wide():
        reference = kind(loaded.config).double().eval()
        if "lm_head.weight" in own and "lm_head.weight" not in tied:  # transformers ties T5's until a file has both
            reference.lm_head.weight = torch.nn.Parameter(torch.empty_like(reference.lm_head.weight))
        reference.load_state_dict(loaded.state_dict())
        same = {key: value for key, value in weights.items() if key in reference.state_dict()}
        reference.load_state_dict(same, strict=False)  # some are kept in 32 bits
        if hasattr(reference, "set_experts_implementation"):
            reference.set_experts_implementation("eager")
        answer = reference(**{THEIR_NAMES.get(key, key): value for key, value in given.items()})
    results = {}
    worst = 0.0
    for key, ours in run(model, weights, given).items():
        if key in NESTED:
            continue
        their = answer[THEIR_NAMES.get(key, key)]
        if tuple(their.shape) != tuple(ours.shape):
            return f"{key} is {list(ours.shape)}, and not {list(their.shape)}", {}
        if "mask" in given and ours.shape[:2] == given["mask"].shape:  # what is made of padding is nobody's
            seen = given["mask"].bool()
            ours, their = ours[seen], their[seen]
        worst = max(worst, float((their - ours).abs().max() / max(1.0, float(their.abs().max()))))
        results[key] = [round(float(each), 12) for each in their.flatten()[:: max(1, their.numel() // 3)][:4]]
    says = f"{worst:.0e}" if worst < 1e-9 else f"the outputs differ by {worst:.1e}"
    return says, {
        "keys": len(own),
        "parameters": totals(model.program)[model.program.entry].parameters,
        "outputs": results,
    }


def run(model: nnspec.Model, weights: Mapping[str, torch.Tensor], given: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The outputs of a spec."""
    module = model.to_torch().double().eval()
    module.load_state_dict(weights)
    with torch.no_grad():
        found = module(**given)
    names = [each.name for each in model.program.main.outputs]
    return dict(zip(names, [found] if len(names) == 1 else found, strict=True))


@contextmanager
def wide() -> Iterator[None]:
    """Where transformers computes in 32 bits whatever the model has, 64 bits: norms, angles and scores."""
    patched = {name: getattr(torch, name) for name in ("float32", "float")}
    own = torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    try:
        for name in patched:
            setattr(torch, name, torch.float64)
        torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
        yield
    finally:
        for name, value in patched.items():
            setattr(torch, name, value)
        torch.set_default_dtype(patched["float32"])
        torch.Tensor.float = own  # type: ignore[method-assign]


def table(asked: list[str], kept: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The name of each case, what was found, and whether it is equal."""
    for name in PUBLISHED:
        if "--small" not in sys.argv and (not asked or any(each in name for each in asked)):
            found = attempt(lambda name=name: published(name))
            yield name, found, "keys," in found
    for name, configuration in SMALL.items():
        if "--published" in sys.argv or (asked and not any(each in name for each in asked)):
            continue
        for architecture in KNOWN[configuration["model_type"]].heads:
            found, facts = attempt(lambda n=name, a=architecture: small(n, a)) or ("", {})
            kept[f"{name}/{architecture}"] = facts
            yield f"  {name}, {architecture}", found, bool(facts) and "differ" not in found


def attempt(case: Any) -> Any:
    """What a case says, or how it failed."""
    try:
        return case()
    except Exception as error:
        if "--raise" in sys.argv:
            raise
        said = f"{type(error).__name__}: {str(error).strip()[:1500]}"
        return said if case.__code__.co_varnames[0] == "name" else (said, {})


def main() -> None:
    """Print the table."""
    from transformers.utils import logging

    warnings.simplefilter("ignore")
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    kept: dict[str, Any] = {}
    good = count = 0
    for name, found, equal in table([each for each in sys.argv[1:] if not each.startswith("-")], kept):
        good, count = good + equal, count + 1
        print(f"{'equal ' if equal else 'OTHER '} {name:62} {found}", flush=True)
    print(f"{good} of {count} are equal")
    if "--record" in sys.argv:
        RECORD.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()

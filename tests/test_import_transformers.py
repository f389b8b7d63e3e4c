"""Architectures of transformers, small and with random weights, import with equal keys, counts and results."""

from __future__ import annotations

import pytest

pytest.importorskip("transformers", reason="transformers is no part of the development environment")

from tests.architectures import outcome

KNOWN = """
albert bart bert bert-generation biogpt bloom camembert convbert data2vec-text deberta deberta-v2 deepseek_v3 distilbert
electra ernie esm gemma gemma2 gpt2 gpt_bigcode gpt_neo layoutlm llama luke marian mbart megatron-bert mistral mixtral mpnet mra mt5
olmo olmo2 olmoe openai-gpt opt pegasus phi qwen2 qwen3 rembert roberta roberta-prelayernorm roc_bert t5 xglm
beit data2vec-vision deit vit
""".split()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KNOWN)
def test_an_architecture_of_transformers_is_equal_to_its_spec(kind: str) -> None:
    assert outcome(kind)[0].startswith("equal")

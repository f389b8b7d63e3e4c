"""Small tokenizers of every kind that a page follows, trained on a few words, and texts that are hard to split."""

from __future__ import annotations

import random
from typing import Any

WORDS = (
    "don't WE'LL it'S 12345 3.14e-10 $€£ naïve Größe É ÀÇ 你好世界 日本語 кириллица Ελληνικά Σίσυφος עברית العربية हिन्दी "
    "😀 👩‍👩‍👧🏽 ﬁ ½ ² Ⅷ ① ١٢٣ İı ſK e\u0301 a\u0308\u0323 𠀀 ‿＿ <|end|> [MASK] the quick brown fox, jumps: over (lazy) dogs!"
).split(" ")
SPACES = (" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u2003", "\u3000", "\u0085", "\u200b", "\ufeff", "\x00", "", "")
GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def hard_texts(count: int) -> list[str]:
    """Texts of many scripts, with all kinds of blanks, and with words that are cut anywhere."""
    draws, texts = random.Random(0), ["", " ", "it'ſ 'K"]
    while len(texts) < count:
        words = [word[draws.randrange(2) :] for word in draws.choices(WORDS, k=draws.randint(1, 9))]
        texts.append("".join(word + draws.choice(SPACES) for word in words))
    return texts


def small_tokenizers() -> dict[str, Any]:
    """Tokenizers by what they are like."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    bytes_, lines = pre_tokenizers.ByteLevel.alphabet(), [" ".join(WORDS)] * 3

    def made(model: Any, trainer: Any, **parts: Any) -> Any:
        tokenizer = Tokenizer(model)
        for name, part in parts.items():
            setattr(tokenizer, name, part)
        tokenizer.train_from_iterator(lines, trainer(show_progress=False))
        return tokenizer

    def pairs(**options: Any) -> Any:
        return lambda **more: trainers.BpeTrainer(**({"vocab_size": 500} | options | more))

    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    llama3 = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(GPT4), "isolated"), bytewise])
    found = {
        "gpt2": made(
            models.BPE(),
            pairs(initial_alphabet=bytes_, special_tokens=["<|end|>"]),
            pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False),
            decoder=decoders.ByteLevel(),
        ),
        "llama3": made(models.BPE(ignore_merges=True), pairs(initial_alphabet=bytes_), pre_tokenizer=llama3),
        "llama2": made(
            models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
            pairs(special_tokens=["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))], limit_alphabet=40),
            normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        ),
        "bert": made(
            models.WordPiece(unk_token="[UNK]"),
            lambda **more: trainers.WordPieceTrainer(
                vocab_size=400, special_tokens=["[UNK]", "[CLS]", "[SEP]", "[MASK]"], **more
            ),
            normalizer=normalizers.BertNormalizer(),
            pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        ),
        "words": made(
            models.WordLevel(unk_token="?"),
            lambda **more: trainers.WordLevelTrainer(special_tokens=["?"], **more),
            normalizer=normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]),
            pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True)]),
        ),
        "suffix": made(
            models.BPE(unk_token="?", end_of_word_suffix="</w>"),
            pairs(special_tokens=["?"], end_of_word_suffix="</w>"),
            pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first"),
        ),
    }
    found["bert"].post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    found["bert"].add_tokens([AddedToken("Brown", normalized=True), AddedToken("fox", lstrip=True, rstrip=True)])
    return found

"""Writes the folders beside it, and `expected.json`: what transformers makes of them. Needs transformers and torch.

The weights are random numbers, wide enough for texts that go on differently; the tokenizers are trained on the text
below. Run again with another version of transformers, it should change nothing but the versions in the files.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

HERE = Path(__file__).parent
TEXT = """
A neural network as a short text that reads like the table in its paper. The text is checked, counted and written as
source that you could have written yourself; it is trained, and exported. What reads as if it were right must be right,
or be refused. A model is a folder: its weights, its tokenizer, and what ends a text. The quick brown fox jumps over the
lazy dog, and the dog sleeps on; nobody minds. Numbers are 0 1 2 3 4 5 6 7 8 9. Is it good? It was bad, it was fine.
""".strip().splitlines()
PROMPTS = ["The model", "A", "It was fine, and the quick brown fox jumps over the text"]
CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def byte_level(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TEXT, trainer)
    return tokenizer


def unigram(special: list[str], around: str, unknown: str) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer.train_from_iterator(
        TEXT, trainers.UnigramTrainer(vocab_size=160, special_tokens=special, unk_token=unknown)
    )
    pairs = [(token, special.index(token)) for token in special if token in around]
    tokenizer.post_processor = processors.TemplateProcessing(single=around, special_tokens=pairs)
    return tokenizer


def word_piece(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special))
    pairs = [("[CLS]", special.index("[CLS]")), ("[SEP]", special.index("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=pairs
    )
    return tokenizer


def shaken(model: torch.nn.Module, seed: int, scale: float) -> torch.nn.Module:
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            wide = 0.3 if "wte" in name or "shared" in name else scale if parameter.ndim > 1 else 0.2
            parameter.copy_(torch.randn_like(parameter) * wide + (parameter.ndim == 1))
    return model.eval()


def greedy(model, tokenizer, text: str, **options) -> list[int]:
    read = tokenizer(text, return_tensors="pt")
    read.pop("token_type_ids", None)
    with torch.no_grad():
        made = model.generate(**read, do_sample=False, max_new_tokens=24, **options)[0].tolist()
    return made[1:] if model.config.is_encoder_decoder else made[read["input_ids"].shape[1] :]


def write(name: str, model, tokenizer: PreTrainedTokenizerFast, scale: float, **options) -> list[list[int]]:
    """Texts that do not repeat one token; one more token ends them, so that some end."""
    best: tuple[int, int] = (0, 0)
    for seed in range(12):
        texts = [greedy(shaken(model, seed, scale), tokenizer, text) for text in PROMPTS]
        best = max(best, (min(len(set(text)) for text in texts), seed))
    shaken(model, best[1], scale)
    text = greedy(model, tokenizer, PROMPTS[0])
    ends = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = [
        *([ends] if isinstance(ends, int) else ends),
        max(set(text), key=text.index),
    ]
    texts = [greedy(model, tokenizer, text) for text in PROMPTS]
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **options)
    tokenizer.save_pretrained(folder)
    print(name, best, texts, flush=True)
    return texts


def main() -> None:
    expected: dict[str, object] = {"prompts": PROMPTS}
    end = "<|endoftext|>"
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level([end]), bos_token=end, eos_token=end)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=64, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
    )
    expected["gpt2"] = write("gpt2", GPT2LMHeadModel(config), tokenizer, 1.5)

    special = [end, "<|im_start|>", "<|im_end|>"]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level(special), eos_token="<|im_end|>", pad_token=end)
    tokenizer.chat_template = CHAT
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        eos_token_id=2,
        bos_token_id=0,
        tie_word_embeddings=False,
    )

    model = Qwen2ForCausalLM(config)
    stored = model.generation_config
    stored.do_sample, stored.temperature, stored.top_k, stored.top_p = True, 0.7, 20, 0.8
    stored.repetition_penalty, stored.eos_token_id, stored.pad_token_id = 1.1, [2, 0], 0
    expected["qwen2"] = write("qwen2", model, tokenizer, 0.5, max_shard_size="8KB")
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Is it good?"}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    expected["conversation"] = {"text": text, "tokens": greedy(model, tokenizer, text)}

    tokens = unigram(["<pad>", "</s>", "<unk>"], "$A </s>", "<unk>")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, decoder_start_token_id=0
    )
    expected["t5"] = write("t5", T5ForConditionalGeneration(config), tokenizer, 1.5)

    tokens = unigram(["<s>", "<pad>", "</s>", "<unk>"], "<s> $A </s>", "<unk>")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokens, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        forced_eos_token_id=2,
    )

    model = BartForConditionalGeneration(config)
    stored = model.generation_config
    stored.no_repeat_ngram_size, stored.min_length, stored.forced_bos_token_id = 3, 8, 0
    expected["bart"] = write("bart", model, tokenizer, 0.5)

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=word_piece(special),
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    names = dict(enumerate(["negative", "neutral", "positive"]))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    )
    model = shaken(BertForSequenceClassification(config), 4, 0.3)
    shutil.rmtree(HERE / "bert", ignore_errors=True)
    model.save_pretrained(HERE / "bert")
    tokenizer.save_pretrained(HERE / "bert")
    with torch.no_grad():
        scores = [model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].tolist() for text in PROMPTS]
    expected["bert"] = [dict(zip(names.values(), row, strict=True)) for row in scores]
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

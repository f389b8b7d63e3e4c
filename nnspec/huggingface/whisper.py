"""Configurations of Whisper."""

from __future__ import annotations

from typing import Annotated, ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Probability, Width, also
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.spelling import Argument, Written, call


class Whisper(Configuration):
    """WhisperConfig: text from sound."""

    activated = ("activation_function",)
    supported: ClassVar = {
        **Configuration.supported, "is_encoder_decoder": (True,), "encoder_layerdrop": (0.0,),
        "decoder_layerdrop": (0.0,), "scale_embedding": (False,), "tie_word_embeddings": (True,),
        "apply_spec_augment": (False,), "use_weighted_layer_sum": (False,),
    }  # fmt: skip
    passed = frozenset({"mask_time_prob", "mask_time_length", "mask_time_min_masks", "mask_feature_prob",
                        "alignment_heads",
                        "mask_feature_length", "mask_feature_min_masks", "median_filter_width",
                        "forced_decoder_ids", "lang_ids", "task_id", "lang_to_id", "task_to_id", "is_multilingual",
                        "no_timestamps_token_id", "max_initial_timestamp_index"})  # fmt: skip

    vocab_size: Width = 51865
    num_mel_bins: Width = 80
    encoder_layers: Annotated[Width, also("encoder_layers", "num_hidden_layers")] = 4
    encoder_attention_heads: Annotated[
        Width, also("encoder_attention_heads", "num_attention_heads", "num_key_value_heads")
    ] = 6
    decoder_layers: Width = 4
    decoder_attention_heads: Width = 6
    decoder_ffn_dim: Width = 1536
    encoder_ffn_dim: Width = 1536
    encoder_layerdrop: Probability = 0.0
    decoder_layerdrop: Probability = 0.0
    activation_function: str = "gelu"
    d_model: Annotated[Width, also("d_model", "hidden_size")] = 384
    dropout: Probability = 0.0
    attention_dropout: Probability = 0.0
    activation_dropout: Probability = 0.0
    scale_embedding: bool = False
    max_source_positions: Width = 1500
    max_target_positions: Width = 448
    pad_token_id: int | None = 50256
    use_weighted_layer_sum: bool = False
    classifier_proj_size: Width = 256
    apply_spec_augment: bool = False
    is_encoder_decoder: bool = True
    tie_word_embeddings: bool = True

    @property
    def dropouts(self) -> dict[str, Argument]:
        """Those that differ from the one behind each part of a layer."""
        given = {"inner": self.activation_dropout, "attention_dropout": self.attention_dropout}
        return {name: value for name, value in given.items() if value != self.dropout}

    @property
    def sound(self) -> str:
        """The statement for the spectrogram."""
        return f"input sound: float[N, {self.num_mel_bins}, {2 * self.max_source_positions}]"

    @property
    def encoder(self) -> Written:
        """The part that hears."""
        return call(
            "Encoder", depth=self.encoder_layers, width=self.d_model, heads=self.encoder_attention_heads,
            hidden=self.encoder_ffn_dim, places=self.max_source_positions, p=self.dropout,
            act=ACTIVATIONS[self.activation_function], **self.dropouts,
        )  # fmt: skip

    def network(self) -> list[str]:
        """The statements of the network without a head."""
        decoder = call(
            "Decoder", depth=self.decoder_layers, width=self.d_model, heads=self.decoder_attention_heads,
            hidden=self.decoder_ffn_dim, vocab=self.vocab_size, padding=self.pad_token_id,
            context=self.max_target_positions, p=self.dropout, act=ACTIVATIONS[self.activation_function],
            **self.dropouts,
        )  # fmt: skip
        return [f"sound -> encoder: {self.encoder}", f"(target, encoder) -> decoder: {decoder}"]

    @property
    def inputs(self) -> list[str]:
        """The statements for the inputs."""
        return [self.sound, f"input target: int[N, T <= {self.max_target_positions}]"]

    def whole(self) -> Draft:
        """The text that follows."""
        table = "weight = model.decoder.embed_tokens.weight"
        lines = [*self.inputs, "model: {", *self.network(), "}",
                 f"output logits = proj_out: Linear({self.vocab_size}, bias = false, {table})",
                 "output encoder_last_hidden_state = model.encoder"]  # fmt: skip
        return Draft({"whisper": ("Decoder", "Encoder")}, lines)

    def bare(self) -> Draft:
        """Encoder and decoder."""
        lines = [*self.inputs, *self.network(), "output last_hidden_state = decoder",
                 "output encoder_last_hidden_state = encoder"]  # fmt: skip
        return Draft({"whisper": ("Decoder", "Encoder")}, lines)

    def classifier(self) -> Draft:
        """The class of a sound."""
        lines = [self.sound, f"encoder: {self.encoder}", f"projector: Linear({self.classifier_proj_size})",
                 "mean(_, dim = 1) -> classifier: Linear(classes)", "output logits = classifier"]  # fmt: skip
        return Draft({"whisper": ("Encoder",)}, lines, [f"classes = {self.classes}"])

    heads: ClassVar[dict[str, Head]] = {
        "WhisperForConditionalGeneration": whole,
        "WhisperModel": bare,
        "WhisperForAudioClassification": classifier,
    }

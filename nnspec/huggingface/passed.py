"""The options of a configuration that change no parameter and no number at inference."""

PASSED = frozenset(
    """
    model_type _name_or_path name_or_path _commit_hash auto_map transformers_version torch_dtype dtype tokenizer_class
    _attn_implementation _attn_implementation_autoset _attn_implementation_internal attn_implementation
    _experts_implementation unsloth_version unsloth_fixed transformers.js_config
    use_cache output_attentions output_hidden_states output_scores return_dict return_dict_in_generate use_return_dict
    torchscript use_bfloat16 gradient_checkpointing chunk_size_feed_forward pretraining_tp
    bos_token_id eos_token_id sep_token_id cls_token_id mask_token_id decoder_start_token_id forced_bos_token_id
    forced_eos_token_id suppress_tokens begin_suppress_tokens bad_words_ids
    max_length min_length do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature top_k top_p
    typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size
    num_return_sequences remove_invalid_values exponential_decay_length_penalty prefix add_bos_token add_eos_token
    finetuning_task task_specific_params problem_type label2id initializer_range initializer_factor init_std
    n_ctx output_past _num_labels
    directionality pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type
    """.split()  # the last line is of old files, and read by nothing
)

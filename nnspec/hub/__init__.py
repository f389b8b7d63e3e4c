"""Models of others as the Hub of Hugging Face has them: folders of a configuration, weights and a tokenizer."""

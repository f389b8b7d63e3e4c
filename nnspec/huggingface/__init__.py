"""Configurations of Hugging Face's transformers, as short specs that import the zoo."""

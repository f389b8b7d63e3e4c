"""Samples from models that generate: texts of language models, token by token."""

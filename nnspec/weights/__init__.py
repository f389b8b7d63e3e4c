"""Weights: files of them, untrained ones, and whether they are those of a model."""

"""The difference of two models: blocks and layers, shapes, counts and keys."""

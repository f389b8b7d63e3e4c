"""The layers: configuration, shape rule, weights, multiply-accumulates, documentation, examples."""

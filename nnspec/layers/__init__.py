"""What each layer is: configuration, shape rule, weights, multiply-accumulates, documentation, examples."""

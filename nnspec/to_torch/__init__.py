"""The PyTorch lowering: readable source, which needs no torch to write."""

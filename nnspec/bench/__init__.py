"""How fast a model runs: onnxruntime, PyTorch and compiled PyTorch side by side."""

"""Speed of a model in onnxruntime, PyTorch and compiled PyTorch, side by side."""

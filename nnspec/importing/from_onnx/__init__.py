"""A file of ONNX as a network, and as the text of a spec."""

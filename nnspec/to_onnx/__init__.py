"""The ONNX lowering: a graph straight from the IR, without tracing."""

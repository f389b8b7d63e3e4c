"""Expressions: a frame and a node of the text to a value; what is done to tensors becomes calls of the scope."""

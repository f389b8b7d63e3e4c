"""The front end for PyTorch: a module is exported by `torch.export`, and its graph is read as layers of nnspec."""

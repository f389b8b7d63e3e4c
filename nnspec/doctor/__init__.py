"""What is installed here and what it can do: `nnspec doctor`."""

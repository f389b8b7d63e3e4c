"""A `train` block: the words it may say, and what they mean for a model. `nnspec.train` carries it out."""

"""The picture of a network: a scene of nested boxes, a layered layout of each level, and what draws it."""

"""Specs to begin with: `nnspec new`."""

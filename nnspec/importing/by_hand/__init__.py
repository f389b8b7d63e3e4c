"""Masks, attention and rotary positions that a module computes by hand, and a layer of nnspec by name."""

"""Blocks, groups, repeats, scans and variants: modules made of bodies, each once for what it is given."""

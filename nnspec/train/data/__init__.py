"""Data sets: one reader a kind of file, and those without files. ATTRIBUTION.md says where the built-in ones are from."""

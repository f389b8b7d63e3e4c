"""Data sets: one reader a kind of file, and those without files. Whose the built-in ones are: ATTRIBUTION.md."""

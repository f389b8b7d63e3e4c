"""Built-in data sets; ATTRIBUTION.md says where they come from."""

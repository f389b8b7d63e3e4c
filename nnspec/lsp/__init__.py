"""The language server: the language service in the words of the Language Server Protocol, and nothing else."""

"""Statements and chains: the value that flows goes in and comes out."""

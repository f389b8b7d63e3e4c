"""Notebooks: what they show of models, pictures and runs, and cells that hold specs."""

"""Callbacks: what sees a run of training while it goes on, those of nnspec and those of plug-ins."""

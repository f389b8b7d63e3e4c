"""Training: data, the loop, and run folders that can be resumed. `run.py` is where it begins."""

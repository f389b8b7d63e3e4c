"""A search for settings of a model and its recipe, by Optuna: each trial is a run."""

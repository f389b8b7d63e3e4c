"""Judging a trained model on data: the figures of its run, and what they hide, class by class and sample by sample."""

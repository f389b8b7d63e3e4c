"""Importers: models that others wrote become a spec; a front end each, and one way from what they read to a text."""

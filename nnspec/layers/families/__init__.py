"""The layers, by family. A new layer is a class in one of these modules and one row in each lowering.

These modules do without `from __future__ import annotations`: the types of fields are needed when a class is made, and
would have to be compiled once more from their text.
"""

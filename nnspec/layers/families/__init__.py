"""The layers, by family. A new layer is a class in one of these modules and one row in each lowering.

These modules do without `from __future__ import annotations`: pydantic would compile every annotation of a class and
of all its bases again, as text, which is a third of the time that it takes to import a family.
"""

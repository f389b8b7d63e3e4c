"""The layers, by family. A new layer is a class in one of these modules and one row in each lowering."""

"""The version of nnspec, in one place: the package, its distribution and the files that it writes name it."""

__version__ = "0.1.0"

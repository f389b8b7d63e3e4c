"""The contracts that layers keep, for those who write them: `nnspec.testing.contract(Swish)` in a test of theirs."""

from nnspec.testing.layers import contract

__all__ = ["contract"]

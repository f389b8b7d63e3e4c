"""`nnspec format`: a spec written in the one canonical way, with the same meaning and every comment kept."""

from nnspec.formatting.format import format_text

__all__ = ["format_text"]

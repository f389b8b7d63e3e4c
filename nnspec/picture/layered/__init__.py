"""The layout of one level: ranks from top to bottom, an order in each, places, and lines between (as in dagre)."""

"""From text to a syntax tree in which every node knows its place."""

"""The language service: what an editor, a page or a command asks about the text of a spec. It knows no protocol."""

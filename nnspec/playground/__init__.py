"""The compiler on a page: a static folder in which all of nnspec's core runs in the browser, without a server."""

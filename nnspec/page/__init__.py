"""A trained network at work in a browser: a folder that any static web server can serve."""

"""The site: Markdown pages made of the repository, and the HTML that Zensical makes of them.

`python -m docs.site build/site` writes the pages, which are plain Markdown and read well as they are; with `--html`
Zensical (`pip install "nnspec[site]"`) makes a site of them, offline. Written pages are copied from docs/; all others
come from where the thing itself is: docstrings, the help of commands, the zoo, the goldens of mistakes.
"""

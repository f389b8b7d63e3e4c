"""`python -m nnspec` is `nnspec`."""

from nnspec.cli.main import main

main(prog_name="nnspec")

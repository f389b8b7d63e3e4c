"""The command line: one file a command. Here, before anything else is imported, stands what makes it start fast."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from types import ModuleType
from typing import Any

# The collector would walk over a hundred thousand objects that stay: when they are made, and when the interpreter ends.
gc.set_threshold(100_000, 20, 20)
atexit.register(gc.freeze)

# Pydantic would look in all installed packages for plugins, and import much of the standard library for that.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
if os.environ["PYDANTIC_DISABLE_PLUGINS"] == "__all__":
    plugins: Any = ModuleType("pydantic.plugin._loader")
    plugins.get_plugins = tuple  # there are none
    sys.modules.setdefault(plugins.__name__, plugins)

"""The version, written here and nowhere else: the package, its documents, `--version` and the built wheel all read it."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"

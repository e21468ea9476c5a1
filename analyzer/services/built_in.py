"""The built-in catalogue as rows: from catalogue.toml, or from the JSON that the package's build makes of it, which loads twenty times
faster.

Setup.py runs this file by its path, before anything is installed: it imports none of our modules.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from zlib import crc32

FILE: Final = Path(__file__).with_name("catalogue.toml")
MADE: Final = FILE.with_suffix(".json")


def built_in(made: Path = MADE) -> tuple[dict[str, Any], str]:
    """(the rows as tomllib returns them, the SHA-256 of catalogue.toml). TOML is parsed where `made` is missing or of another version."""
    content = FILE.read_bytes()
    try:
        found = json.loads(made.read_bytes())
    except (OSError, ValueError):
        found = None
    if found is not None and found["crc32"] == crc32(content):
        return found["rows"], found["sha256"]
    fresh = of_toml(content)
    return fresh["rows"], fresh["sha256"]


def of_toml(content: bytes) -> dict[str, Any]:
    """The JSON's content for catalogue.toml's bytes; crc32 identifies the version."""
    import hashlib
    import tomllib

    return {"crc32": crc32(content), "sha256": hashlib.sha256(content).hexdigest(), "rows": tomllib.loads(content.decode())}


def write(path: Path = MADE) -> None:
    """Write the JSON that `built_in` reads."""
    path.write_text(json.dumps(of_toml(FILE.read_bytes()), separators=(",", ":")), encoding="utf-8")

"""The built-in catalogue as rows: of catalogue.toml, or of what the package's build made of it, which takes a twentieth of the time.

Setup.py runs this file by its path, before anything is installed: it imports nothing of ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from zlib import crc32

FILE: Final = Path(__file__).with_name("catalogue.toml")
MADE: Final = FILE.with_suffix(".json")


def built_in(made: Path = MADE) -> tuple[dict[str, Any], str]:
    """(the rows as tomllib gives them, the SHA-256 of catalogue.toml). Where `made` isn't there, or is of another text, TOML is read."""
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
    """What is kept of catalogue.toml's content; crc32: by which it is known that this is its content still."""
    import hashlib
    import tomllib

    return {"crc32": crc32(content), "sha256": hashlib.sha256(content).hexdigest(), "rows": tomllib.loads(content.decode())}


def write(path: Path = MADE) -> None:
    """Keep what is read of catalogue.toml, for `built_in` to read."""
    path.write_text(json.dumps(of_toml(FILE.read_bytes()), separators=(",", ":")), encoding="utf-8")

"""What must hold of the next capture, as the file that `report --expect` takes."""

from __future__ import annotations

import json
from collections.abc import Mapping


def expectation_file(expect: Mapping[str, Mapping[str, str | list[str]]] | None) -> str:
    """A finding's `expect` as TOML; "" where there is none. JSON's texts and lists of ASCII are TOML's."""
    if not expect:
        return ""
    lines = ["[test.expect]"]
    for key, table in expect.items():
        entries = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in table.items())
        lines.append(f"{key if key.isidentifier() else json.dumps(key)} = {{ {entries} }}")
    return "\n".join(lines) + "\n"

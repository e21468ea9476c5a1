"""The expectations for the next capture, as a file for `report --expect`."""

from __future__ import annotations

import json
from collections.abc import Mapping


def expectation_file(expect: Mapping[str, Mapping[str, str | list[str]]] | None) -> str:
    """A finding's `expect` as TOML; "" where there is none. JSON's texts and lists of ASCII are valid TOML."""
    if not expect:
        return ""
    lines = ["[test.expect]"]
    for key, table in expect.items():
        entries = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in table.items())
        lines.append(f"{key if key.isidentifier() else json.dumps(key)} = {{ {entries} }}")
    return "\n".join(lines) + "\n"

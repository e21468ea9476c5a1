"""Rewrites truth files where what a host proves was corrected: their captures stay unchanged, byte by byte.

`python -m captures.lab.again [TRUTH.json…]`, by default those of every committed capture. Only what follows from the host and
from what the client noted is made again: service, service_evidence, plane, and the outcomes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from captures.lab import truth
from captures.lab.hosts import HOSTS
from captures.lab.network import ROOT

COLUMNS = [field.name for field in fields(truth.Connection)]


def made_again(row: dict[str, Any]) -> dict[str, Any]:
    """The connection as the laboratory would write it today, its columns in order."""
    named = row["intended_host"] if row["requests"] or row["sni"] or row["http_host"] else None
    host = HOSTS.get(named or "")
    row["service"], row["plane"] = (host.service, host.plane) if host else (None, None)
    row["service_evidence"] = host.evidence if host else None
    row.setdefault("challenges", [["basic"] if request["status"] == 407 else [] for request in row["requests"]])
    row.setdefault("offers", offered(row["requests"]))
    if row["offers"] != [None] * len(row["offers"]) and row["requests"][-1]["status"] == 200:  # asked, and let in with its answer
        row.setdefault("outcomes", ["challenged" if request["status"] == 407 else None for request in row["requests"]])
    row.setdefault("direct_outcome", None)
    truth.settled(row)
    return {column: row[column] for column in COLUMNS}


def offered(requests: Sequence[dict[str, Any]]) -> list[str | None]:
    """Per request the scheme it offered: the stand-ins of the first captures offered Basic after a 407, on the same connection."""
    return [None, *("basic" if before["status"] == 407 else None for before in requests[:-1])][: len(requests)]


def main() -> None:
    given = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "captures").rglob("*.truth.json"))
    for path in given:
        told = truth.read(path)
        told["connections"] = [made_again(row) for row in told["connections"]]
        truth.rewrite(path, told)


if __name__ == "__main__":
    main()

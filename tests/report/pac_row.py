"""What a device looks like, and what a PAC file returns for one host, as the verdict document has them."""

from __future__ import annotations

from typing import Any

DEVICE: dict[str, Any] = {
    "cloud": "commercial",
    "geo": "EU",
    "system": "Windows",
    "connectivity": "mixed",
    "old_hosts": ["winatp-gw-weu.microsoft.com"],
    "new_services": ["cloud-protection", "edr-cyber-data"],
}


def pac_row(asked: str) -> dict[str, Any]:
    """A host that was asked of another proxy than the file returns."""
    return {
        "file": "proxy.pac",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "host": "winatp-gw-weu.microsoft.com",
        "service": "edr-command-and-control",
        "returns": "PROXY 172.16.12.11:3128; DIRECT",
        "error": None,
        "unresolved": [],
        "asked": [asked],
        "state": "differs",
        "client_ips": ["172.16.11.92"],
    }

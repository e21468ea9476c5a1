"""The Client Analyzer's groups of our services' hosts: its list of URLs (RegionsURLs.json) has a name for each group."""

from __future__ import annotations

from typing import Final

GROUPS: Final = {
    "edr-command-and-control": "CnC",
    "edr-cyber-data": "Cyber",
    "edr-sample-storage": "AutoIR",
    "sample-upload": "SampleUpload",
    "configuration-management": "MdeConfigMgr",
    "cloud-protection": "MAPS",
    "certificate-trust": "CTLDL",
    "defender-core-telemetry": "Events",
    "diagnostic-telemetry": "Events",
}
"""Our service → the group of its hosts in RegionsURLs.json."""

"""Commands for reports: a reader copies one to get the packets of a statement."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

MOST_NAMED: Final = 3


def slice_command(verdict: Mapping[str, Any]) -> str:
    """`whichproxy slice gateway.pcapng --topology topology.toml` for the captures that were read; "" where there were none.

    The selection and the output file are appended to it.
    """
    if not verdict["captures"]:
        return ""
    topology = verdict["made_by"]["topology"]["path"]
    names = ["--topology", _quoted(topology) if topology.isprintable() else "FILE"] if topology else []
    options = verdict["made_by"]["options"]
    window = [part for edge in ("start", "end") if options.get(edge) for part in (f"--{edge}", shlex.quote(str(options[edge])))]
    return " ".join(["whichproxy slice", _captures(verdict), *names, *window])


def topology_command(verdict: Mapping[str, Any]) -> str:
    """`whichproxy topology gateway.pcapng -o topology.toml`."""
    return f"whichproxy topology {_captures(verdict)} -o topology.toml"


def finding_command(verdict: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """The command that writes the packets of one finding; "" where it names no flow, or nothing was read from files."""
    start = slice_command(verdict)
    if not start or not finding["flows"]:
        return ""
    code = finding["code"]
    narrower = ["--proxy", shlex.quote(finding["proxy"])] if finding["proxy"] else []
    narrower += ["--source", shlex.quote(finding["client_ips"][0])] if len(finding["client_ips"]) == 1 else []
    return " ".join([start, "--finding", code, *narrower, "-o", f"{code}.pcapng"])


def _captures(verdict: Mapping[str, Any]) -> str:
    """The captures as arguments of a command, or a placeholder where they are many or have unprintable names."""
    paths = [capture["path"] for capture in verdict["captures"]]
    if not 0 < len(paths) <= MOST_NAMED or not all(path.isprintable() for path in paths):
        return "INPUT..."
    return " ".join(map(_quoted, paths))


def _quoted(path: str) -> str:
    """The path quoted for a shell; a path that begins with a hyphen can't be taken for an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)

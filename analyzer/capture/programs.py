"""Finds other programs: on the PATH, and in the folders where installers put those that aren't on it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping

PIPED = "let a capturing program write into it: dumpcap -i INTERFACE -w - | whichproxy watch -"
"""The remedy where this program can't start a capturing tool."""


def find_program(name: str) -> str | None:
    """The program's path; None where it isn't installed."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(usual_folders(sys.platform, os.environ)))


def usual_folders(platform: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Folders besides the PATH: Wireshark's own on Windows and macOS, package managers', and those only on root's PATH.

    platform     sys.platform
    Source       Wireshark's installers: "%ProgramFiles%\\Wireshark" (User's Guide 2.3), Wireshark.app (2.5); Homebrew's prefixes
    """
    if platform == "win32":
        for name in ("ProgramW6432", "ProgramFiles", "ProgramFiles(x86)"):
            if environment.get(name):
                yield f"{environment[name]}\\Wireshark"
        return
    if platform == "darwin":
        yield "/Applications/Wireshark.app/Contents/MacOS"
        if environment.get("HOME"):
            yield f"{environment['HOME']}/Applications/Wireshark.app/Contents/MacOS"
        yield from ("/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin")
    yield from ("/usr/sbin", "/sbin")

"""tshark's path and version, and the remedy where it is missing."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import Final, NamedTuple

from analyzer.capture.programs import find_program
from analyzer.errors import Unusable

INSTALL: Final = "install it (Debian and Ubuntu: sudo apt-get install tshark; others: https://www.wireshark.org/download.html)"

_VERSION = re.compile(r"\b(\d+\.\d+\.\d+)\b")


class Tshark(NamedTuple):
    """The program's path and version."""

    path: str
    version: str


def find_tshark() -> Tshark:
    """The tshark on the PATH, or where Wireshark installs it. Errors: Unusable, with how to get it: none, or it doesn't run."""
    path = find_program("tshark")
    if path is None:
        raise Unusable("verify asks Wireshark's tshark, which isn't installed", None, INSTALL)
    try:
        return Tshark(path, version_of(path))
    except (OSError, subprocess.SubprocessError) as error:
        raise Unusable(f"doesn't run ({error})", path, INSTALL) from error


@cache
def version_of(path: str) -> str:
    """The version that the program at `path` prints, 0.0.0 where it prints none. Errors: OSError, SubprocessError."""
    output = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    found = _VERSION.search(output)
    return found[1] if found else "0.0.0"

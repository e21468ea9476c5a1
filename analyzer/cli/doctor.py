"""`whichproxy doctor`: what works here, and the one command that repairs what doesn't."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from analyzer.capture.programs import find_program
from analyzer.cli.outcome import DONE, UNMET, complain
from analyzer.errors import Unusable

REQUIRED = (
    *("numpy", "pandas", "pyarrow", "matplotlib", "jinja2", "typer", "rich"),
    *("pydantic", "cryptography", "lz4", "platformdirs", "scapy", "pyshark", "yacryptopan"),
    *(("zstandard",) if sys.version_info < (3, 14) else ()),  # from 3.14 on the standard library has it
)
EXTRAS = {
    "notebook": ("nbclient", "nbformat", "ipykernel"),
    "remote": ("fsspec", "aiohttp", "s3fs", "gcsfs", "adlfs"),
    "cluster": ("dask", "distributed", "fsspec"),
    "pac": ("quickjs",),
}
TOOLS = {
    "tshark": "whichproxy verify, the second opinion, and the tests",
    "dumpcap": "recording captures",
}

OK, MISSING, BROKEN = "ok", "missing", "broken"
"""MISSING: an optional part that isn't installed; BROKEN: a part that every run needs."""

Warm = Annotated[bool, typer.Option("--warm", help="Compile first what should be compiled here and isn't.")]


class Check(NamedTuple):
    """One part: its state, what was found or its purpose, and the repair (None: none needed)."""

    part: str
    state: str
    found: str
    mend: str | None = None


def doctor(warm: Warm = False) -> int:
    """Say what of whichproxy works on this machine, and the one command that mends what doesn't.

    Python packages, Wireshark's tools, the privilege to capture, the extras, and whether the kernels are compiled.

    \b
    Examples:
      whichproxy doctor
      whichproxy doctor --warm

    \b
    Exit codes: 0 all that is required works, 1 something required is broken.
    """
    if warm:
        _compile()
    checks = [*_packages(), *_tools(), _privilege(), *_extras(), _compiled()]
    room = max(len(check.part) for check in checks)
    for check in checks:
        print(f"{check.state:<8} {check.part:<{room}}  {check.found}" + (f"; mend it: {check.mend}" if check.mend else ""))
    return UNMET if any(check.state == BROKEN for check in checks) else DONE


def _packages() -> Iterator[Check]:
    """Import every required package: an installed one may still lack a shared library."""
    from importlib.metadata import version

    yield Check("python", OK, f"{sys.version.split()[0]}, {sys.executable}")
    broken = False
    for name in REQUIRED:
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:  # OSError: no writable directory; its text has the remedy
            broken = True
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            install = f"{sys.executable} -m pip install --force-reinstall {name}"
            yield Check(name, BROKEN, reason, install if isinstance(error, ImportError) else None)
    if not broken:
        yield Check("packages", OK, ", ".join(f"{name} {version(name)}" for name in REQUIRED))


def _tools() -> Iterator[Check]:
    for tool, purpose in TOOLS.items():
        path = find_program(tool)
        if path is None:
            yield Check(tool, MISSING, f"not found; wanted for {purpose}", _install("wireshark-common" if tool == "dumpcap" else tool))
        else:
            yield Check(tool, OK, f"{_version(path)}, {path}")


def _version(path: str) -> str:
    """The version number in the first line of the tool's `--version`."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    first = (said.stdout or said.stderr).partition("\n")[0]
    return next((word.rstrip(".") for word in first.split() if word[:1].isdigit()), "unknown version")


def _install(package: str) -> str:
    for manager in ("apt-get", "dnf", "zypper", "brew"):
        if shutil.which(manager):
            return f"{'' if manager == 'brew' else 'sudo '}{manager} install {'wireshark' if manager == 'brew' else package}"
    return f"install {package} (https://www.wireshark.org/download.html)"


def _privilege() -> Check:
    """Whether this user may capture: root, or dumpcap with file capabilities (or setuid) that this user may run."""
    part = "privilege to capture"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Check(part, OK, "running as root")
    dumpcap = find_program("dumpcap")
    if dumpcap is None:
        return Check(part, MISSING, "not root, and no dumpcap that could have it", _install("wireshark-common"))
    setuid = Path(dumpcap).stat().st_mode & 0o4000
    if setuid or _has_capabilities(dumpcap):
        return Check(part, OK, f"{dumpcap} has it, and this user may run it")
    return Check(part, MISSING, f"{dumpcap} lacks it", f"sudo setcap cap_net_raw,cap_net_admin+eip {dumpcap}")


def _has_capabilities(path: str) -> bool:
    try:
        return bool(os.getxattr(path, "security.capability"))
    except (OSError, AttributeError):  # no such attribute; not Linux
        return False


def _extras() -> Iterator[Check]:
    for extra, packages in EXTRAS.items():
        absent = [name for name in packages if importlib.util.find_spec(name) is None]
        if absent:
            install = f"{sys.executable} -m pip install {' '.join(absent)}"  # by name, because whichproxy itself may be on no index
            yield Check(f"extra {extra}", MISSING, f"without {', '.join(absent)}", install)
        else:
            yield Check(f"extra {extra}", OK, ", ".join(packages))


def _compiled() -> Check:
    """Whether the kernels are compiled; if not, the reason and the command that builds them."""
    from analyzer.compiled import PLAIN, STAGES, in_checkout, not_compiled

    stages = not_compiled()
    if not stages:
        return Check("compiled", OK, ", ".join(STAGES))
    reason = "; ".join(dict.fromkeys(stages.values()))
    found = f"{', '.join(stages)} run as plain Python, SLOWLY: {reason}"
    if os.environ.get(PLAIN):
        return Check("compiled", MISSING, found, f"unset {PLAIN}")
    again = "whichproxy doctor --warm" if in_checkout() else "install whichproxy again"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("cl")
    return Check("compiled", MISSING, found, again if compiler else f"{_install('gcc')} (and python3-dev), then {again}")


def _compile() -> None:
    """Compile uncompiled kernels in a checkout; an installed package is compiled already. Errors: Unusable, Cython isn't installed."""
    from analyzer.compiled import PLAIN, in_checkout, not_compiled, why_plain

    if os.environ.get(PLAIN) or not in_checkout() or not not_compiled():
        return
    complain("compiling the kernels; this takes half a minute")
    try:
        from analyzer.compiled.build import in_place

        in_place()
    except ImportError as error:
        raise Unusable(f"{error.name} isn't installed", "kernels", f"{sys.executable} -m pip install cython setuptools") from error
    why_plain.cache_clear()

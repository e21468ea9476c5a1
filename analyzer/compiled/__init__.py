"""Hot code, compiled ahead of time: `kernel` gives the compiled function where there is one, else the same source as plain Python.

A unit compiled from other sources isn't used: in a checkout the sources change.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

# The compiled unit of a room's kernels. Readers and their callers are in one unit, so that C can inline them.
UNIT_OF: Final = {"packets": "packets", "capture": "capture", "flows": "flows"} | dict.fromkeys(("readers", "streams", "facts"), "streams")
STAGES: Final = tuple(dict.fromkeys(UNIT_OF.values()))
PLAIN: Final = "WHICHPROXY_PLAIN"  # set: everything runs as plain Python, for a debugger, for coverage, and to check the compiled code


def kernel(function: F) -> F:
    """The function, compiled where it was built: arrays are passed by address, and the interpreter lock is released."""
    unit = compiled(UNIT_OF[function.__module__.split(".")[1]])
    if unit is not None:
        return cast(F, getattr(unit, f"entry_{function.__name__}"))
    from analyzer.compiled.rows import plain

    return plain(function)


def compiled(stage: str) -> ModuleType | None:
    """The stage's compiled unit; None where it runs as plain Python."""
    return None if why_plain(stage) else import_module(f"analyzer.compiled._{stage}")


@cache
def why_plain(stage: str) -> str | None:
    """Why a stage's kernels run as plain Python; None: they are compiled."""
    if os.environ.get(PLAIN):
        return f"{PLAIN} is set"
    spec = find_spec(f"analyzer.compiled._{stage}")
    if spec is None or spec.origin is None:
        return "they weren't built"
    if in_checkout():
        from analyzer.compiled.units import digest_of

        if digest_of(stage).encode() not in Path(spec.origin).read_bytes():
            return "their sources changed since they were built"
    try:
        import_module(spec.name)
    except ImportError as error:
        return str(error)
    return None


def in_checkout() -> bool:
    """True where the package is in its repository, so that its sources may change."""
    return (Path(__file__).parents[2] / "setup.py").exists()


def not_compiled() -> dict[str, str]:
    """The stages that run as plain Python, with the reasons."""
    return {stage: why for stage in STAGES if (why := why_plain(stage)) is not None}

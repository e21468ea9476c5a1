"""Builds the compiled kernels into the wheel; without a C compiler the same sources run as plain Python, slowly."""

from __future__ import annotations

import runpy
from pathlib import Path

from setuptools import setup

build = runpy.run_path(str(Path(__file__).parent / "analyzer" / "compiled" / "build.py"))
setup(
    ext_modules=build["extensions"](),
    options={"bdist_wheel": {"py_limited_api": build["WHEEL_TAG"]}} if build["LIMITED"] else {},
)

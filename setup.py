"""Builds the compiled kernels and the catalogue as JSON into the wheel; without a C compiler kernels run as plain Python, slowly."""

from __future__ import annotations

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = Path(__file__).parent / "analyzer"
build = runpy.run_path(str(PACKAGE / "compiled" / "build.py"))
catalogue = runpy.run_path(str(PACKAGE / "services" / "built_in.py"))


class BuildWithCatalogue(build_py):
    """The package's files, with what is made of catalogue.toml."""

    def run(self) -> None:
        super().run()
        folder = PACKAGE if self.editable_mode else Path(self.build_lib, PACKAGE.name)
        catalogue["write"](folder / "services" / "catalogue.json")


setup(
    ext_modules=build["extensions"](),
    cmdclass={"build_py": BuildWithCatalogue},
    options={"bdist_wheel": {"py_limited_api": build["WHEEL_TAG"]}} if build["LIMITED"] else {},
)

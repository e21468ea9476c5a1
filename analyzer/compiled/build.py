"""Builds the compiled kernels: for a wheel (setup.py), and in place, with the catalogue: `python -m analyzer.compiled.build`.

Setup.py runs this file by its path, before anything is installed, so it needs nothing but Cython and setuptools.
"""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path
from typing import Any, Final

UNITS: Final = runpy.run_path(str(Path(__file__).with_name("units.py")))
ROOT: Final = Path(__file__).resolve().parents[2]
DIRECTIVES: Final = {
    "language_level": 3,
    "binding": False,
    "cdivision": True,
    "infer_types": True,
    "initializedcheck": False,
}
# Integers wrap around as in Python's own build, and arrays of bytes may alias rows.
FLAGS: Final = ("-O3", "-g0", "-fwrapv", "-fno-strict-aliasing", "-Wno-unused-function")
LIMITED: Final = not sysconfig.get_config_var("Py_GIL_DISABLED")
LIMITED_API: Final = "0x030B0000"  # Python 3.11: one file works with it and all later versions
WHEEL_TAG: Final = "cp311"


def extensions(folder: Path = Path("build", "units")) -> list[Any]:
    """An extension for each stage, with its C source in `folder`; the build continues without one that can't be compiled."""
    from Cython.Build import cythonize
    from setuptools import Extension

    made = cythonize(
        [
            Extension(
                f"analyzer.compiled._{stage}",
                [str(UNITS["write"](stage, folder))],
                define_macros=[("Py_LIMITED_API", LIMITED_API)] if LIMITED else [],
                extra_compile_args=[] if sysconfig.get_platform().startswith("win") else list(FLAGS),
                py_limited_api=LIMITED,
            )
            for stage in UNITS["UNITS"]
        ],
        compiler_directives=DIRECTIVES,
        quiet=True,
    )
    for extension in made:
        extension.optional = True  # cythonize drops it
    return list(made)


def in_place() -> None:
    """In a checkout, build each unit that isn't built of the current sources, and the catalogue."""
    from setuptools import Distribution

    work = ROOT / "build"
    distribution = Distribution({"name": "whichproxy", "ext_modules": extensions(work / "units"), "package_dir": {"": str(ROOT)}})
    command: Any = distribution.get_command_obj("build_ext")
    command.inplace = True
    command.build_temp = str(work / "objects")
    command.ensure_finalized()
    command.run()
    runpy.run_path(str(ROOT / "analyzer" / "services" / "built_in.py"))["write"]()


if __name__ == "__main__":
    in_place()

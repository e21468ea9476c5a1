"""Libraries without what no verb needs: what is left out stays out, what is asked for is the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SEEN = """
import json, os, sys
if sys.argv[1] == "lean":
    from analyzer.cli.libraries import lean
    lean()
    lean()
import pyarrow as pa, pyarrow.compute as pc
early = sorted(set(sys.modules) & {"pydoc"})
made = [name for name in pc.function_registry().list_functions() if name in vars(pc)]
def shown(value):
    return value if isinstance(value, (str, int, type(None))) else getattr(value, "__name__", type(value).__name__)
def parts(name):
    function = getattr(pc, name, None)
    if function is None:
        return None
    called = [shown(cell.cell_contents) for cell in function.__closure__ or ()]
    return [function.__name__, function.__code__.co_firstlineno, called, shown(type(function))]
names = [*pc.function_registry().list_functions(), "and_", "or_", "utf8_zfill", "cast", "field", "no_such_function"]
functions = {name: parts(name) for name in names}
words = pa.chunked_array([["b", None, "a"], ["7"]])
done = [pc.utf8_zfill(words, 3), pc.and_(pa.array([True, None]), True), pc.sum(pa.array([1, 2])), words.filter(pc.is_valid(words))]
done += [pc.sort_indices(words), words.cast("large_string"), pc.count_substring(words, pattern="a"), pc.min_max(words).as_py()]
table = pa.table({"key": ["x", "y", "x"], "value": [1, 2, 4]}).group_by("key").aggregate([("value", "sum"), ("value", "min")])
done += [table.sort_by("key").to_pydict(), pc.and_(pc.field("a") > 1, pc.field("b") == 2)]
import pyarrow.parquet, pyarrow.fs
stores = sorted(name for name in sys.modules if name in ("pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs"))
threads = os.environ.get("OPENBLAS_NUM_THREADS")
print(json.dumps({"early": early, "made": len(made), "functions": functions, "done": list(map(str, done)), "stores": stores,
                  "threads": threads}))
"""


@pytest.fixture(scope="module")
def seen(root: Path) -> dict[str, dict[str, object]]:
    def of(how: str) -> dict[str, object]:
        ended = subprocess.run([sys.executable, "-c", SEEN, how], cwd=root, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return dict(json.loads(ended.stdout))

    return {how: of(how) for how in ("lean", "usual")}


def test_every_function_is_there_and_is_the_same(seen: dict[str, dict[str, dict[str, object]]]) -> None:
    lean, usual = seen["lean"], seen["usual"]
    assert lean["functions"] == usual["functions"] and len(lean["functions"]) > 200
    assert lean["functions"]["no_such_function"] is None and lean["functions"]["utf8_zfill"] is not None
    assert lean["done"] == usual["done"]


def test_what_nobody_asks_for_isnt_made(seen: dict[str, dict[str, object]]) -> None:
    lean, usual = seen["lean"], seen["usual"]
    assert (lean["early"], lean["stores"], lean["threads"]) == ([], [], "1")
    assert lean["made"] < 10 < 200 < usual["made"]  # type: ignore[operator] # a few are written in Python
    assert "pyarrow._s3fs" in usual["stores"], usual["stores"]  # type: ignore[operator]


def test_another_version_loads_as_ever(root: Path) -> None:
    """Where pyarrow.compute is made in another way: by names that the loader doesn't know."""
    code = """
import sys
from importlib.abc import Loader
from analyzer.cli import libraries
libraries.WITH_ALIASES = ()
libraries.lean()
import pyarrow.compute as pc
print("__getattr__" in vars(pc), "sum" in vars(pc), pc.sum([1, 2]).as_py(), pc.function_registry() is pc.function_registry())
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ended.stdout.split()[:3] == ["False", "True", "3"]


def test_a_choice_of_threads_stays(root: Path) -> None:
    code = "import os\nfrom analyzer.cli.libraries import lean\nlean()\nprint(os.environ['OPENBLAS_NUM_THREADS'])"
    command = [sys.executable, "-c", f"import os\nos.environ['OPENBLAS_NUM_THREADS'] = '3'\n{code}"]
    assert subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout == "3\n"


def test_masked_arrays_are_there_for_whoever_has_one(root: Path) -> None:
    code = """
import sys
from analyzer.cli.libraries import lean
lean()
import numpy as np
print(np.unique([2, 1, 2]), np.ma.is_masked(np.array([1])), "numpy.ma" in sys.modules, type(np.__loader__).__name__)
masked = np.ma.array([2, 1, 2], mask=[0, 1, 0])
print(np.ma is sys.modules["numpy.ma"], np.ma.is_masked(masked), np.unique(masked))
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ended.stdout == "[1 2] False False SourceFileLoader\nTrue True [2 --]\n"


def test_types_are_there_for_whoever_asks_for_them(root: Path) -> None:
    code = """
import sys
from analyzer.cli.libraries import lean
lean()
import numpy as np, numpy.typing as npt
def loaded():
    return "numpy._typing._dtype_like" in sys.modules
few = npt.NDArray[np.int64]
print(few.__origin__ is np.ndarray, loaded(), hasattr(npt, "no_such_type"), loaded())
import numpy._typing
print(npt.NDArray is numpy._typing.NDArray, npt.ArrayLike is numpy._typing.ArrayLike, npt.NDArray[np.int64].__args__[-1])
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["True False False True", "True True numpy.dtype[numpy.int64]"]


@pytest.mark.parametrize("before", ["", "import ssl"])
def test_tls_is_pythons_own_once_file_systems_are_loaded(before: str, root: Path) -> None:
    code = f"""
import sys
from analyzer.cli.libraries import lean
lean()
{before}
import pyarrow.fs
print("ssl" in sys.modules)
import ssl
print(ssl.__spec__.name, pyarrow.fs.LocalFileSystem().type_name)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [str(bool(before)), "ssl", "local"]


def test_numpy_without_documentation_is_enough_for_what_is_built_on_it(root: Path) -> None:
    code = """
from analyzer.cli.libraries import lean
lean()
import numpy, numpy.ma, numpy.typing, pandas, matplotlib.figure
print(numpy.ndarray.sum.__doc__, numpy.ma.array([1, 2], mask=[0, 1]).sum(), pandas.DataFrame({"a": [1, 2]}).a.sum())
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout == "None 1 3\n"


@pytest.mark.parametrize("output", [("flows", "out.parquet"), ("report", "out.json"), ("report", "out.md")])
def test_a_run_has_none_of_what_no_verb_needs(output: tuple[str, str], root: Path, tmp_path: Path) -> None:
    code = "import sys\nfrom analyzer.cli import main\ntry:\n    main()\nexcept SystemExit as ended:\n    print(ended.code, *sys.modules)"
    verb, name = output
    command = [sys.executable, "-c", code, verb, str(root / "captures" / "T1-winhttp.pcapng"), "-q", "-o", str(tmp_path / name)]
    code, *loaded = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split()
    assert code == "0" and "pyarrow.lib" in loaded
    unused = {"pydoc", "pyarrow._s3fs", "zoneinfo", "importlib.resources", "numpy.ma", "argparse", "ssl", "numpy._typing._dtype_like"}
    assert sorted(unused & set(loaded)) == []


def test_pictures_are_the_same_without_axes_in_space_and_documentation(root: Path, tmp_path: Path) -> None:
    code = """
import sys, warnings
warnings.simplefilter("error")
if sys.argv.pop(1) == "lean":
    from analyzer.cli.libraries import lean
    lean()
from analyzer.cli.run import run
assert run(sys.argv[1:]) == 0
from matplotlib.lines import Line2D
from matplotlib.projections import get_projection_names
print("mpl_toolkits.mplot3d.axes3d" in sys.modules, "antialiased" in (Line2D.set.__doc__ or ""), "3d" in get_projection_names())
"""
    pages, seen = [], []
    for how in ("lean", "usual"):
        page = tmp_path / f"{how}.html"
        command = [sys.executable, "-c", code, how, "report", str(root / "captures" / "T1-winhttp.pcapng"), "-q", "-o", str(page)]
        ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        seen.append(ended.stdout.split())
        pages.append(page.read_text(encoding="utf-8").replace(page.name, ""))
    assert seen == [["False", "False", "False"], ["True", "True", "True"]]
    assert pages[0] == pages[1] and "<svg" in pages[0]

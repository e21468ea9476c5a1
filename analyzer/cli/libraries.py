"""Imports libraries without parts that no verb needs, for the command line's process: their start-up takes longer than a small capture.

No output depends on it, and the omitted parts load on demand. The Python API doesn't change libraries.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # importing its type loads importlib.resources: 0.003 s

STORES: Final = frozenset({"pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs"})
"""Modules that pyarrow.fs loads if they exist, with their network libraries; here fsspec is used instead (capture/remote.py)."""

DOCUMENTED: Final = frozenset({"numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars"})
"""Modules that only document NumPy's compiled functions."""

SPATIAL: Final = "mpl_toolkits.mplot3d"
"""3-D axes, which matplotlib.projections loads if they exist."""

COMPUTE: Final = "pyarrow.compute"
DOCUMENTATION: Final = "pyarrow.vendored.docscrape"

WITH_ALIASES: Final = ("utf8_zero_fill",)
"""Functions for which pyarrow.compute defines aliases at import."""

KEYWORDS: Final = {"and": "and_", "or": "or_"}
"""Functions whose names are Python keywords."""


def lean() -> None:
    """Make libraries load without the parts that no verb needs. To be called before the first of them is imported."""
    # NumPy's linear algebra, which nothing here uses, starts a thread per core that spins during the first 0.05 s of work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Arrow's own allocator keeps memory that another thread freed: a fifth of a capture's memory once its rows are made (measured).
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if not any(isinstance(finder, _Lean) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Lean())


class _Lean:
    """A finder before all others, for a few modules only."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if name in STORES:
            raise ModuleNotFoundError(f"{name} isn't needed here", name=name)
        if name in DOCUMENTED or name == SPATIAL:
            return ModuleSpec(name, _Empty())
        if name not in LOADED and name != DOCUMENTATION:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            from importlib.util import LazyLoader

            spec.loader = LazyLoader(spec.loader) if name == DOCUMENTATION else _Changed(spec.loader, LOADED[name])
        return spec


class _Empty(Loader):
    """A loader that executes nothing."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: Any) -> None:
        if module.__name__ == SPATIAL:
            module.Axes3D = None  # matplotlib.projections then omits it


class _Changed(Loader):
    """Loads a module by `load(module, usual loader)`; afterwards the module has its usual loader."""

    def __init__(self, usual: Loader, load: Callable[[Any, Loader], None]) -> None:
        self._usual, self._load = usual, load

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._usual.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._usual
        self._load(module, self._usual)


def numpy_loaded(module: Any, usual: Loader) -> None:
    """NumPy with masked arrays loaded on demand."""
    usual.exec_module(module)
    if "ma" not in vars(module):  # older versions load them at once
        module.ma = _MaskedArrays()


def types_loaded(module: Any, usual: Loader) -> None:
    """NumPy's types with the one that compiled and plain code names, until another one is asked for (0.015 s)."""

    def asked_for(name: str) -> Any:
        if name == "NDArray":
            import numpy as np

            return np.ndarray
        del module.__getattr__
        usual.exec_module(module)
        return getattr(module, name)

    module.__getattr__ = asked_for


def file_systems_loaded(module: Any, usual: Loader) -> None:
    """pyarrow's file systems without Python's TLS (0.005 s), which they ask where certificates lie: for the stores that are left out."""
    if "ssl" in sys.modules:
        usual.exec_module(module)
        return
    nowhere = SimpleNamespace(cafile=None, capath=None)
    sys.modules["ssl"] = cast(Any, SimpleNamespace(get_default_verify_paths=lambda: nowhere))
    try:
        usual.exec_module(module)
    finally:
        del sys.modules["ssl"]


class _MaskedArrays:
    """numpy.ma, loaded on demand. `numpy.unique` asks it for every array whether that is masked, and so loaded it (0.015 s)."""

    def is_masked(self, array: object) -> bool:
        import numpy as np

        return type(array) is not np.ndarray and bool(self.__getattr__("is_masked")(array))

    def __getattr__(self, name: str) -> Any:
        import numpy.ma  # takes this one's place

        return getattr(numpy.ma, name)


def docstring_loaded(module: Any, usual: Loader) -> None:
    """The module that inserts texts into matplotlib's documentation, without doing so (saves a tenth of a page's time)."""
    usual.exec_module(module)
    for name in ("Substitution", "_ArtistPropertiesSubstitution"):
        kind: Any = getattr(module, name, None)
        if kind is not None:
            kind.__call__ = lambda self, documented: documented


def artist_loaded(module: Any, usual: Loader) -> None:
    """The base class of matplotlib's artists, without lists of properties in documentation and signatures."""
    usual.exec_module(module)

    def documented(kind: Any) -> None:
        kind.set._autogenerated_signature = True

    if hasattr(module.Artist, "_update_set_signature_and_docstring"):
        module.Artist._update_set_signature_and_docstring = classmethod(documented)


def compute_loaded(module: Any, usual: Loader) -> None:
    """pyarrow.compute without its functions, each of which is created on first use.

    It would create all 300 with signatures and documentation (0.03 s); a run calls about thirty and reads no documentation.
    """
    before = dict(vars(module))
    try:
        _without_functions(module, usual)
    except (AttributeError, KeyError, TypeError):  # another version with different internals
        vars(module).clear()
        vars(module).update(before)
        usual.exec_module(module)


def _without_functions(module: Any, usual: Loader) -> None:
    import pyarrow._compute as kernels

    whole = kernels.function_registry
    kernels.function_registry = _FewFunctions
    try:
        usual.exec_module(module)
    finally:
        kernels.function_registry = whole
    module.function_registry, registry = whole, whole()
    made = vars(module)
    second_names = {name: first for first in WITH_ALIASES for name in list(made) if made[name] is made[first]}
    for name in second_names:
        del made[name]
    wrapper_of, options_of = module._make_generic_wrapper, module._get_options_class

    def asked_for(name: str) -> Any:
        first = second_names.get(name, name)
        first = next((word for word, instead in KEYWORDS.items() if first == instead), first)
        try:
            function = registry.get_function(first)
        except KeyError:
            function = None
        if function is None or function.kind == "hash_aggregate" or (function.kind == "scalar_aggregate" and function.arity == 0):
            raise AttributeError(f"module {COMPUTE!r} has no attribute {name!r}")
        shown = KEYWORDS.get(first, first)
        wrapper = wrapper_of(shown, function, options_of(function), arity=function.arity)
        wrapper.__name__ = wrapper.__qualname__ = shown
        made[name] = wrapper
        return wrapper

    module.__getattr__ = asked_for


class _FewFunctions:
    """The function registry that pyarrow.compute sees while it is loaded: only the functions with aliases, without documentation."""

    def list_functions(self) -> list[str]:
        return list(WITH_ALIASES)

    def get_function(self, name: str) -> Any:
        empty = SimpleNamespace(arg_names=[], options_class="", options_required=False, summary="", description="")
        return SimpleNamespace(name=name, kind="scalar", arity=0, _doc=empty)


LOADED: Final[dict[str, Callable[[Any, Loader], None]]] = {
    "numpy": numpy_loaded,
    "numpy.typing": types_loaded,
    "numpy._typing": types_loaded,
    "pyarrow._fs": file_systems_loaded,
    COMPUTE: compute_loaded,
    "matplotlib._docstring": docstring_loaded,
    "matplotlib.artist": artist_loaded,
}
"""Modules with a modified loader."""

"""Libraries without what no verb needs of them, for a process of our own: their start-up takes longer than a small capture.

No output depends on it, and whoever asks for what was left out gets it. The Python API leaves libraries as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # its type brings importlib.resources: 0.003 s

STORES: Final = frozenset({"pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs"})
"""What pyarrow.fs loads where it is there, with all that talks to them: here fsspec does (capture/remote.py)."""

DOCUMENTED: Final = frozenset({"numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars"})
"""What gives NumPy's compiled functions their documentation, and does nothing else."""

SPATIAL: Final = "mpl_toolkits.mplot3d"
"""Axes in space, which matplotlib.projections loads where they are there."""

COMPUTE: Final = "pyarrow.compute"
DOCUMENTATION: Final = "pyarrow.vendored.docscrape"

WANTED_AT_ONCE: Final = ("utf8_zero_fill",)
"""Functions that pyarrow.compute gives a second name to at its import."""

KEYWORDS: Final = {"and": "and_", "or": "or_"}
"""Functions that Python has no such name for."""


def lean() -> None:
    """From now on, libraries load without what no verb needs. To be called before the first of them does."""
    # NumPy's linear algebra, which nothing here uses, starts a thread for each core that spins beside the first 0.05 s of work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Arrow's own allocator keeps what another thread freed: a fifth of a capture's memory once its rows are made (measured).
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if not any(isinstance(finder, _Lean) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Lean())


class _Lean:
    """A finder before all others, which looks after a few modules only."""

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
    """Loads nothing."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: Any) -> None:
        if module.__name__ == SPATIAL:
            module.Axes3D = None  # matplotlib.projections then goes without


class _Changed(Loader):
    """Loads a module as `load(module, usual loader)` does; afterwards it is as if the usual loader had loaded it."""

    def __init__(self, usual: Loader, load: Callable[[Any, Loader], None]) -> None:
        self._usual, self._load = usual, load

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._usual.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._usual
        self._load(module, self._usual)


def numpy_loaded(module: Any, usual: Loader) -> None:
    """NumPy without its masked arrays until somebody has one."""
    usual.exec_module(module)
    if "ma" not in vars(module):  # older versions load them at once
        module.ma = _MaskedArrays()


class _MaskedArrays:
    """numpy.ma, loaded when it is wanted. `numpy.unique` asks it of every array whether it is masked, and so loaded it (0.015 s)."""

    def is_masked(self, array: object) -> bool:
        import numpy as np

        return type(array) is not np.ndarray and bool(self.__getattr__("is_masked")(array))

    def __getattr__(self, name: str) -> Any:
        import numpy.ma  # takes this one's place

        return getattr(numpy.ma, name)


def docstring_loaded(module: Any, usual: Loader) -> None:
    """What puts texts into matplotlib's documentation, which stays as it is in the sources (a tenth of a page's time)."""
    usual.exec_module(module)
    for name in ("Substitution", "_ArtistPropertiesSubstitution"):
        kind: Any = getattr(module, name, None)
        if kind is not None:
            kind.__call__ = lambda self, documented: documented


def artist_loaded(module: Any, usual: Loader) -> None:
    """What all that is drawn is made of, each kind without a list of its properties in its documentation and signature."""
    usual.exec_module(module)

    def documented(kind: Any) -> None:
        kind.set._autogenerated_signature = True

    if hasattr(module.Artist, "_update_set_signature_and_docstring"):
        module.Artist._update_set_signature_and_docstring = classmethod(documented)


def compute_loaded(module: Any, usual: Loader) -> None:
    """pyarrow.compute without its functions, which it then makes one by one as they are asked for.

    It would make all 300 with their signatures and documentation (0.03 s); a run calls about thirty and reads no documentation.
    """
    before = dict(vars(module))
    try:
        _without_functions(module, usual)
    except (AttributeError, KeyError, TypeError):  # another version, which is made in another way
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
    second_names = {name: first for first in WANTED_AT_ONCE for name in list(made) if made[name] is made[first]}
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
    """Arrow's functions as pyarrow.compute sees them while it is loaded: those that it can't do without, and nothing of them."""

    def list_functions(self) -> list[str]:
        return list(WANTED_AT_ONCE)

    def get_function(self, name: str) -> Any:
        empty = SimpleNamespace(arg_names=[], options_class="", options_required=False, summary="", description="")
        return SimpleNamespace(name=name, kind="scalar", arity=0, _doc=empty)


LOADED: Final[dict[str, Callable[[Any, Loader], None]]] = {
    "numpy": numpy_loaded,
    COMPUTE: compute_loaded,
    "matplotlib._docstring": docstring_loaded,
    "matplotlib.artist": artist_loaded,
}
"""How modules load of which something stays out."""

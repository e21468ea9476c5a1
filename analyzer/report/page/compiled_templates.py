"""The pages' templates as Python compiled them, kept where it keeps what it made of modules, by its rules for them.

Compiling them takes as long as all else of a small report but the pictures. What is kept is taken for the same text, Jinja and
Python only; where nothing can be written, or PYTHONDONTWRITEBYTECODE is set, nothing is kept.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final
from zlib import crc32

import jinja2
from jinja2.bccache import Bucket

from analyzer.errors import Unusable
from analyzer.text import inert
from analyzer.text.files import write_whole

CHECKED: Final = 4
"""Bytes of a checksum before the rest: a file that was cut isn't read."""


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates of one environment. made_by: the module that makes it, which compiled templates depend on too."""

    def __init__(self, made_by: Path) -> None:
        compiled = Path(cache_from_source(str(made_by)))
        self._folder, self._ending = compiled.parent, f".{sys.implementation.cache_tag}.jinja"
        # What stands in a template as a constant is made inert when it is compiled.
        self._depends_on = jinja2.__version__.encode() + made_by.read_bytes() + Path(inert.__file__).read_bytes()

    def get_source_checksum(self, source: str) -> str:
        return hashlib.sha256(self._depends_on + source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            kept = self._path(bucket).read_bytes()
            if int.from_bytes(kept[:CHECKED], "big") == crc32(kept[CHECKED:]):
                bucket.bytecode_from_string(kept[CHECKED:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        made = bucket.bytecode_to_string()
        with suppress(Unusable, OSError):  # as for modules
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(bucket), [crc32(made).to_bytes(CHECKED, "big"), made])

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}{self._ending}"

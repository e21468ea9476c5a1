"""A file's compression, by its first bytes, and a stream of its content.

Concatenated members are read as one stream, as gzip, zstd and lz4 tools write them when files are appended.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import IO, Final, cast

MAGICS: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
)


def compression_of(head: bytes) -> str | None:
    """gzip, zstd, lz4, xz or bzip2; None where the bytes begin like none of them."""
    for magic, name in MAGICS:
        if head.startswith(magic):
            return name
    return None


Unpacked = tuple[IO[bytes], tuple[type[Exception], ...]]
"""A stream of uncompressed bytes, and the exceptions beside OSError and EOFError that reading broken data raises."""


def decompressed(file: IO[bytes], name: str) -> Unpacked:
    """The content of `file`, whose read() must return as much as requested; a broken member raises from read(), never from here."""
    if name == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb")), (zlib.error,)
    if name == "bzip2":
        return cast(IO[bytes], bz2.BZ2File(file, mode="rb")), ()
    if name == "xz":
        return cast(IO[bytes], lzma.LZMAFile(file, mode="rb")), (lzma.LZMAError,)
    if name == "lz4":
        import lz4.frame  # type: ignore[import-untyped,unused-ignore]

        return cast(IO[bytes], lz4.frame.LZ4FrameFile(file, mode="rb")), (RuntimeError,)
    return _zstd(file)


def _zstd(file: IO[bytes]) -> Unpacked:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
    except ImportError:
        import zstandard

        from analyzer.capture.zstd import ZstdStream

        return cast(IO[bytes], ZstdStream(file)), (zstandard.ZstdError,)
    return cast(IO[bytes], zstd.ZstdFile(file, mode="rb")), (zstd.ZstdError,)

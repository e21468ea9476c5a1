"""Numbers out of header bytes, in network order unless the name says otherwise. The caller has checked that they are there.

The same as packets/fields.py, for the kernels that Numba compiles.
"""

from __future__ import annotations

import numpy as np

from analyzer.kernels import inlined


@inlined
def u16(buf, at):  # type: ignore[no-untyped-def]
    return (np.uint32(buf[at]) << np.uint32(8)) | np.uint32(buf[at + 1])


@inlined
def u24(buf, at):  # type: ignore[no-untyped-def]
    return (np.uint32(buf[at]) << np.uint32(16)) | (np.uint32(buf[at + 1]) << np.uint32(8)) | np.uint32(buf[at + 2])


@inlined
def u32(buf, at):  # type: ignore[no-untyped-def]
    return (
        (np.uint32(buf[at]) << np.uint32(24))
        | (np.uint32(buf[at + 1]) << np.uint32(16))
        | (np.uint32(buf[at + 2]) << np.uint32(8))
        | np.uint32(buf[at + 3])
    )


@inlined
def u64(buf, at):  # type: ignore[no-untyped-def]
    return (np.uint64(u32(buf, at)) << np.uint64(32)) | np.uint64(u32(buf, at + 4))


@inlined
def u32_little(buf, at):  # type: ignore[no-untyped-def]
    return (
        (np.uint32(buf[at + 3]) << np.uint32(24))
        | (np.uint32(buf[at + 2]) << np.uint32(16))
        | (np.uint32(buf[at + 1]) << np.uint32(8))
        | np.uint32(buf[at])
    )


@inlined
def u16_little(buf, at):  # type: ignore[no-untyped-def]
    return (np.uint32(buf[at + 1]) << np.uint32(8)) | np.uint32(buf[at])

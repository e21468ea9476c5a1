"""What kernels ask of memory itself: bytes moved at once, and rows fetched before they are needed."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

LINE: Final = 64  # bytes that come together

_NUMBER = ir.IntType(32)


def prefetch(array: Any, row: int) -> None:
    """In a kernel: ask for all of array[row], a line of the cache at a time, whether or not there is such a row."""


def copy_bytes(source: Any, at: int, size: int, target: Any, to: int) -> None:
    """Copy source[at : at + size] to target[to:], arrays of bytes that may be the same one; nothing when size isn't positive."""
    if size > 0:
        target[to : to + size] = source[at : at + size].copy()


@overload(prefetch)
def _prefetch(array, row):  # type: ignore[no-untyped-def]
    return lambda array, row: _ask(array, row)


@overload(copy_bytes)
def _copy_bytes(source, at, size, target, to):  # type: ignore[no-untyped-def]
    return lambda source, at, size, target, to: _move(source, at, size, target, to)


@intrinsic
def _ask(typing: Any, array: Any, row: Any) -> Any:
    size = array.dtype.size if isinstance(array.dtype, types.Record) else array.dtype.bitwidth // 8

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.ptrtoint(_place(context, builder, array, arguments[0], row, arguments[1]), _word(context))
        ask = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _NUMBER, _NUMBER, _NUMBER]), "llvm.prefetch.p0"
        )
        for line in range(0, size + LINE - 1, LINE):
            place = builder.inttoptr(builder.add(at, _word(context)(min(line, size - 1))), cgutils.voidptr_t)
            builder.call(ask, [place, _NUMBER(1), _NUMBER(3), _NUMBER(1)])  # to be written; to stay; data
        return context.get_dummy_value()

    return types.void(array, row), lower


@intrinsic
def _move(typing: Any, source: Any, at: Any, size: Any, target: Any, to: Any) -> Any:
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = context.cast(builder, arguments[2], size, types.intp)
        begins = _place(context, builder, source, arguments[0], at, arguments[1])
        goes_to = _place(context, builder, target, arguments[3], to, arguments[4])
        with builder.if_then(builder.icmp_signed(">", count, _word(context)(0))):
            cgutils.raw_memmove(builder, goes_to, begins, count, 1)
        return context.get_dummy_value()

    return types.void(source, at, size, target, to), lower


def _word(context: Any) -> Any:
    return context.get_value_type(types.intp)


def _place(context: Any, builder: Any, array: Any, value: Any, row: Any, index: Any) -> Any:
    """The address of a row, whatever the row's number is."""
    there = context.make_array(array)(context, builder, value)
    offset = builder.mul(context.cast(builder, index, row, types.intp), there.itemsize)
    return builder.gep(builder.bitcast(there.data, cgutils.voidptr_t), [offset])

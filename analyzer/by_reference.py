"""How kernels are handed many arrays at once: by one address.

A named tuple of arrays would be spread over the arguments of every kernel that is given it, seven words an array, and spread
again at every call from one kernel to the next: with two dozen arrays, a fifth of the names stage's time (measured). Here the
arrays' descriptions lie in one place while the outermost kernel runs, and kernels pass on where.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, register_model, typeof_impl, unbox


class Arrays(types.Type):
    """The type of a named tuple of arrays whose class was given to `by_reference`."""

    def __init__(self, name: str, fields: tuple[tuple[str, types.Type], ...]) -> None:
        self.fields = fields
        self.places = {field: i for i, (field, _) in enumerate(fields)}
        super().__init__(f"{name}({', '.join(f'{field}={kind}' for field, kind in fields)})")


def by_reference(tuple_class: type) -> None:
    """Let kernels take a NamedTuple of arrays by its address. They can read its attributes, and nothing else of it."""

    @typeof_impl.register(tuple_class)
    def type_of(value: Any, context: Any) -> Arrays:
        return Arrays(tuple_class.__name__, tuple((name, numba.typeof(array)) for name, array in value._asdict().items()))


@infer_getattr
class _Attributes(AttributeTemplate):
    key = Arrays

    def generic_resolve(self, arrays: Arrays, name: str) -> types.Type | None:  # type: ignore[override]
        return dict(arrays.fields).get(name)


@register_model(Arrays)
class _Address(models.PrimitiveModel):
    def __init__(self, manager: Any, arrays: Arrays) -> None:
        members = [manager.lookup(kind).get_value_type() for _, kind in arrays.fields]
        super().__init__(manager, arrays, ir.LiteralStructType(members).as_pointer())


@lower_getattr_generic(Arrays)
def _read_attribute(context: Any, builder: Any, arrays: Arrays, address: Any, name: str) -> Any:
    place = arrays.places[name]
    array = builder.load(cgutils.gep_inbounds(builder, address, 0, place))
    return impl_ret_borrowed(context, builder, arrays.fields[place][1], array)


@unbox(Arrays)
def _unbox(arrays: Arrays, value: Any, c: Any) -> NativeValue:
    """The arrays are described on the stack of whoever calls the kernel from Python, who holds them while it runs."""
    address = cgutils.alloca_once(c.builder, c.context.get_value_type(arrays).pointee)
    is_error = cgutils.false_bit
    for place, (_, kind) in enumerate(arrays.fields):
        array = c.unbox(kind, c.pyapi.tuple_getitem(value, place))
        c.builder.store(array.value, cgutils.gep_inbounds(c.builder, address, 0, place))
        is_error = c.builder.or_(is_error, array.is_error)
    return NativeValue(address, is_error=is_error)

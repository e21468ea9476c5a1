"""Where Arrow columns become Python objects, and whether a time may be among them, found in the source alone."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from analyzer.tables import DISCOVERY_SCHEMA, FLOW_SCHEMA, LOOKUP_SCHEMA

KEEP_THE_VALUES = {"take", "filter", "slice", "flatten", "unique", "combine_chunks", "drop_null", "fill_null", "dictionary_encode"}
"""Methods whose result holds values of what they are called on."""
GIVE_NO_TIME = {"any", "all", "sum", "count", "match_substring_regex", "binary_join_element_wise", "list_value_length"}
"""Functions of pyarrow.compute that give numbers, booleans or text whatever they are given."""


NUMBERS_OR_TEXT = {f(name) for name in ("int64", "string") for f in (repr, "pa.{}()".format)}
"""The types to which a time may be cast so that it no longer is one, as written in the source."""


def holds_time(kind: pa.DataType) -> bool:
    """Whether values of this type are times or hold some."""
    return pa.types.is_timestamp(kind) or any(holds_time(kind.field(n).type) for n in range(kind.num_fields))


TIMES = {field.name for schema in (FLOW_SCHEMA, LOOKUP_SCHEMA, DISCOVERY_SCHEMA) for field in schema if holds_time(field.type)}


def conversions(path: Path, root: Path) -> Iterator[str]:
    """file:line of every `to_pylist` and `as_py` of which it isn't plain that no time is converted."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    names: dict[str, Any] = {}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and node.attr in ("to_pylist", "as_py")):
            continue
        names = names or vars(importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts)))
        if not is_timeless(node.value, names):
            yield f"{path.relative_to(root)}:{node.lineno} {ast.unparse(node.value)}"


def is_timeless(made: ast.expr, names: dict[str, Any]) -> bool:
    """Whether this expression is plainly something of Arrow without a time in it.

    names   the globals of its module, for columns that are chosen by a constant
    """
    match made:
        case ast.Call(func=ast.Attribute(attr="select"), args=[chosen]):
            return not TIMES & set(_constant(chosen, names, [*TIMES]))
        case ast.Call(func=ast.Attribute(attr="column" | "field"), args=[name]) | ast.Subscript(slice=name):
            value = _constant(name, names, None)
            return (isinstance(value, str) and value not in TIMES) or (isinstance(made, ast.Subscript) and is_timeless(made.value, names))
        case ast.Call(func=ast.Attribute(attr="is_valid")) | ast.Attribute(attr="dictionary"):  # only text is kept as a dictionary
            return True
        case ast.Call(func=ast.Attribute(attr="cast"), args=[kind]) if ast.unparse(kind) in NUMBERS_OR_TEXT:
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="pc"), attr=name)):
            return name in GIVE_NO_TIME
        case ast.Call(func=ast.Attribute(value=inner, attr=name)):
            return name in KEEP_THE_VALUES and is_timeless(inner, names)
        case ast.Call(func=ast.Name(id="one_array" | "same_host"), args=[inner]):
            return is_timeless(inner, names)
        case ast.Call(func=ast.Name(id="rfc3339_column")):
            return True
    return False


def _constant(node: ast.expr, names: dict[str, Any], otherwise: Any) -> Any:
    """What the expression is where it is made of constants, else `otherwise`."""
    try:
        return eval(compile(ast.Expression(node), "constant", "eval"), dict(names))
    except NameError:
        return otherwise

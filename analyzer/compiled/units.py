"""One compile unit for each stage: its kernels' sources in one file, so that the C compiler can inline them into one another.

A kernel's body is in a module (`decode.py`) and its C types in a file beside it (`decode.pxd`). What a .pxd declares is compiled,
with the constants it reads; everything else in the module stays Python. Setup.py runs this file by its path, before anything is
installed, so it needs nothing but the standard library.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = Path(__file__).resolve().parent.parent

# Stage → the parts of its unit: a room's .pxd files, or single ones. A later part may use what an earlier one declares. Python calls
# the kernels of whole rooms; those of single files are called only by other kernels.
UNITS: Final = {
    "packets": ("packets/layout", "packets/fields", "compiled/memory", "packets"),
    "capture": ("packets/layout", "packets/fields", "compiled/memory", "compiled/widths", "capture"),
    "flows": ("packets/layout", "compiled/memory", "compiled/widths", "flows/layout", "flows"),
    "streams": (
        "packets/layout",
        "packets/fields",
        "compiled/memory",
        "compiled/widths",
        "flows/layout",
        "flows/messages",
        "flows/keys",
        "flows/coverage",
        "flows/held",
        "flows/acknowledged",
        "readers",
        "streams",
        "facts",
    ),
}
# Modules of which a unit uses constants, and compiles nothing.
NUMBERS_FROM: Final = {
    "capture": ("packets/link", "packets/link_types", "capture/records"),
    "streams": ("facts/chosen", "readers/states", "readers/quic"),
}

HEADER: Final = """\
cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memmove, strlen

cdef inline void* place_of(object array, Py_ssize_t size, bint written) except? NULL:
    cdef Py_buffer view
    cdef Py_ssize_t found
    PyObject_GetBuffer(array, &view, PyBUF_WRITABLE if written else PyBUF_SIMPLE)
    found = view.itemsize
    PyBuffer_Release(&view)
    if found != size:
        raise TypeError("a kernel was given an array of another type")
    return view.buf
"""

COMMON: Final = ("ts_ns", "record", "seq", "end", "ack", "side", "kind")  # fields of every kind of message: flows/messages.py

Value = int | bytes | tuple[int, ...]
"""The possible values of a constant."""

_DECLARED: Final = re.compile(
    r"^cdef (?P<inline>inline )?(?P<answer>\([^)]*\)|[\w ]+?[ *]+)\s*(?P<name>\w+)\((?P<arguments>[^)]*)\)[^:\n]*(?P<body>:?)$", re.M
)
_FAMILY: Final = re.compile(r"^cdef [^:\n]* (?P<name>\w+_\*)\((?P<arguments>[^)]*)\)[^:\n]*\n", re.M)
_OVERLAID: Final = re.compile(r"^cdef struct (?P<name>\w+)\((?P<base>\w+)\): (?P<fields>.+)\n", re.M)
_CIMPORT: Final = re.compile(r"^from analyzer\.(\S+) cimport (.*)$", re.M)
_STRUCT: Final = re.compile(r"^cdef struct (\w+):\n((?:    .+\n?)+)", re.M)
_IMPORTS: Final = re.compile(r"^(from \S+ cimport .*|cimport .*)\n", re.M)


class Declared(NamedTuple):
    """A kernel as its .pxd declares it: arguments as (type, name)."""

    answer: str
    arguments: tuple[tuple[str, str], ...]


class Unit(NamedTuple):
    """The text of a compile unit, and its declarations."""

    source: str
    declarations: str


def parts_of(stage: str) -> list[Path]:
    """The .pxd files of a stage's unit, each once, in the order of UNITS."""
    found: list[Path] = []
    for part in UNITS[stage]:
        folder = PACKAGE / part
        found += [path for path in (sorted(folder.glob("*.pxd")) if folder.is_dir() else [folder.with_suffix(".pxd")]) if path not in found]
    return found


def modules_of(stage: str) -> list[Path]:
    """The modules whose kernels are in a stage's unit, or the numbers that these read."""
    others = [(PACKAGE / part).with_suffix(".py") for part in NUMBERS_FROM.get(stage, ())]
    return [path.with_suffix(".py") for path in parts_of(stage)] + others


def digest_of(stage: str) -> str:
    """A short digest of all sources of a stage's unit: a compiled unit with another digest is of other sources."""
    digest = hashlib.blake2b(Path(__file__).read_bytes(), digest_size=8)
    for path in parts_of(stage):
        digest.update(path.read_bytes())
    for path in modules_of(stage):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def unit_of(stage: str) -> Unit:
    """A stage's kernels as one module. Errors: ValueError, two of its modules use one name for different things."""
    sources, declarations, entries = [], [], []
    values: dict[str, tuple[Value, str]] = {}
    declared: dict[str, tuple[Declared, str]] = {}
    bundles: dict[str, dict[str, str]] = {}
    for path in parts_of(stage):
        text = text_of(path)
        own = dict(declarations_in(text))
        bundles.update(bundles_in(text))
        for name, kernel in own.items():
            if name in declared:
                raise ValueError(f"{path}: {name} is a kernel of {declared[name][1]} too")
            declared[name] = kernel, path.name
        declarations.append(f"# {path.parent.name}/{path.name}\n{_IMPORTS.sub('', text).strip()}\n")
        module = path.with_suffix(".py")
        lines = module.read_text(encoding="utf-8").splitlines()
        for function in functions_in(module):
            if function.name not in own:
                continue
            sources.append("\n".join(lines[function.lineno - 1 : function.end_lineno]) + "\n")
            is_called = any(isinstance(mark, ast.Name) and mark.id == "kernel" for mark in function.decorator_list)
            if is_called and path.parent.name in UNITS[stage]:
                entries.append(entry(function.name, own[function.name], bundles))
            for name, value in constants_of(function, module).items():
                if values.setdefault(name, (value, module.name))[0] != value:
                    raise ValueError(f"{module}: {name} has another value in {values[name][1]}")
    digest = digest_of(stage)
    constants = [constant(name, value) for name, (value, _) in sorted(values.items())]
    from_c = [
        "cdef extern from *:",
        '    """',
        f'    static const char unit_digest[] = "{digest}";',
        *(f"    {definition}" for definition, _ in constants if definition),
        '    """',
        "    const char* unit_digest",
        *(f"    {declaration}" for _, declaration in constants),
    ]
    source = "\n\n".join(["import cython\n\nDIGEST = unit_digest\n", *sources, *entries])
    return Unit(source, "\n".join([HEADER, *from_c, "", *declarations]))


def text_of(path: Path) -> str:
    """The declarations of a .pxd. A family such as `after_*` is declared once for each of the module's functions with these arguments."""
    text = path.read_text(encoding="utf-8")
    for family in list(_FAMILY.finditer(text)):
        own = {name for name, _ in declarations_in(text)}
        arguments = [part.rpartition(" ")[2] for part in family["arguments"].split(",")]
        names = [
            function.name
            for function in functions_in(path.with_suffix(".py"))
            if function.name.startswith(family["name"].removesuffix("*")) and function.name not in own
            if [argument.arg for argument in function.args.args] == arguments
        ]
        text = text.replace(family[0], "".join(family[0].replace(family["name"], name) for name in names))
    for struct in list(_OVERLAID.finditer(text)):
        names_anew = dict(pair.strip().split("=")[::-1] for pair in struct["fields"].split(","))
        text = text.replace(struct[0], overlaid(struct["name"], fields_of(struct["base"], text), names_anew))
    return text


def fields_of(struct: str, text: str) -> list[tuple[str, str]]:
    """(type, name) of each field of a structure that a .pxd imports from another."""
    module = next(module for module, names in _CIMPORT.findall(text) if struct in names.split(", "))
    body = dict(_STRUCT.findall(PACKAGE.joinpath(*module.split(".")).with_suffix(".pxd").read_text(encoding="utf-8")))[struct]
    return [(kind, field) for kind, field in (line.split() for line in body.splitlines())]


def overlaid(name: str, fields: list[tuple[str, str]], names_anew: dict[str, str]) -> str:
    """A structure over another's memory: `new=old` names a field, or both halves of a text (old_at and old_size)."""
    lines = [f"cdef struct {name}:"]
    for kind, field in fields:
        text, _, half = field.rpartition("_")
        own = names_anew.get(field) or (f"{names_anew[text]}_{half}" if half in ("at", "size") and text in names_anew else None)
        lines.append(f"    {kind} {own or (field if field in COMMON else f'no_{field}')}")
    return "\n".join(lines) + "\n"


def declarations_in(text: str) -> Iterator[tuple[str, Declared]]:
    """The kernels that a .pxd declares whose bodies are in the module beside it."""
    for found in _DECLARED.finditer(text):
        if not found["body"]:
            arguments = (part.strip().rpartition(" ") for part in found["arguments"].split(",") if part.strip())
            yield found["name"], Declared(found["answer"].strip(), tuple((kind, name) for kind, _, name in arguments))


def bundles_in(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The structures with addresses that a .pxd declares: the type of each of their fields."""
    for name, body in _STRUCT.findall(text):
        fields = {field: kind for kind, field in (line.split() for line in body.splitlines())}
        if any(kind.endswith("*") for kind in fields.values()):
            yield name, fields


def bundle(argument: str, kind: str, fields: dict[str, str]) -> list[str]:
    """The code that gets such a structure from a named tuple of arrays, which keeps it (compiled.addressed); a field len_NAME is the number
    of an array's rows. The structure is filled at the first call, its last address at the end, so that it is set only where all are."""
    last = [field for field, of in fields.items() if of.endswith("*")][-1]
    lines = [
        f"    {argument}_ = cython.cast('{kind}*', place_of({argument}.addresses, cython.sizeof(cython.longlong), True))",
        f"    if {argument}_.{last} == cython.NULL:",
    ]
    for field, of in sorted(fields.items(), key=lambda each: each[0] == last):
        if of.endswith("*"):
            address = f"cython.cast('{of}', place_of({argument}.{field}, cython.sizeof({of.removesuffix('*')}), True))"
            lines.append(f"        {argument}_.{field} = {address}")
        else:
            lines.append(f"        {argument}_.{field} = len({argument}.{field.removeprefix('len_')})")
    return lines


def entry(name: str, kernel: Declared, bundles: dict[str, dict[str, str]]) -> str:
    """A function for Python: passes arrays by address, after checking that their rows have the size that the kernel expects."""
    lines = [f"def entry_{name}({', '.join(argument for _, argument in kernel.arguments)}):"]
    given = []
    for kind, argument in kernel.arguments:
        if kind.removesuffix("*") in bundles:
            lines += bundle(argument, kind.removesuffix("*"), bundles[kind.removesuffix("*")])
            given.append(f"{argument}_")
            continue
        if kind.endswith("*"):
            row, written = kind.removesuffix("*").removeprefix("const ").strip(), not kind.startswith("const ")
            address = f"cython.cast('{kind}', place_of({argument}, cython.sizeof({row}), {written}))"
            lines.append(f"    {argument}_ = cython.declare('{kind}', {address})")
        else:
            lines.append(f"    {argument}_ = cython.declare({kind}, {argument})")
        given.append(f"{argument}_")
    call = f"{name}({', '.join(given)})"
    if kernel.answer == "void":
        return "\n".join([*lines, "    with cython.nogil:", f"        {call}", ""])
    return "\n".join([*lines, "    with cython.nogil:", f"        answer = {call}", "    return answer", ""])


def constant(name: str, value: Value) -> tuple[str, str]:
    """(its definition in C, its declaration): a number, which C gets as a literal without a definition; bytes, and 32-bit numbers, in an
    array. Bytes end with a zero, as texts do in C."""
    if isinstance(value, bytes):
        return f"static const uint8_t {name}[] = {{{', '.join(map(str, value + bytes(1)))}}};", f"const uint8_t* {name}"
    if isinstance(value, tuple):
        return f"static const uint32_t {name}[] = {{{', '.join(f'{number}u' for number in value)}}};", f"const uint32_t* {name}"
    if value == -(1 << 63):
        return "", f'int64_t {name} "(-9223372036854775807LL - 1)"'
    return "", f'uint64_t {name} "{value}ULL"' if value >= 1 << 63 else f'int64_t {name} "({value}LL)"'


@cache
def functions_in(module: Path) -> tuple[ast.FunctionDef, ...]:
    return tuple(node for node in tree_of(module).body if isinstance(node, ast.FunctionDef))


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), str(module))


def constants_of(function: ast.FunctionDef, module: Path) -> dict[str, Value]:
    """The constants that a function uses, from its own module or one that it imports them from."""
    read = (node for part in function.body for node in ast.walk(part) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    names = {node.id for node in read}
    found = {name: value_of(name, module) for name in sorted(names)}
    return {name: value for name, value in found.items() if value is not None}


@cache
def value_of(name: str, module: Path) -> Value | None:
    """A constant's value, None for a name that isn't one."""
    for node in tree_of(module).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name and node.value is not None:
            return value_in(node.value, module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analyzer."):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return value_of(alias.name, module_of(node))
    return None


def module_of(node: ast.ImportFrom) -> Path:
    """The file of an imported module."""
    return PACKAGE.joinpath(*(node.module or "").split(".")[1:]).with_suffix(".py")


def value_in(node: ast.expr, module: Path) -> Value | None:
    """The value of an expression of bytes, of a tuple of 32-bit numbers, or of an integer; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value
    if isinstance(node, ast.Tuple):
        numbers = tuple(number for one in node.elts if (number := whole_number(one, module)) is not None and 0 <= number < 1 << 32)
        return numbers if len(numbers) == len(node.elts) else None
    return whole_number(node, module)


def whole_number(node: ast.expr, module: Path) -> int | None:
    """The value of an expression of integers and names of such; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        named = value_of(node.id, module)
        return named if isinstance(named, int) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = whole_number(node.operand, module)
        return None if value is None else -value
    if isinstance(node, ast.BinOp):
        left, right = whole_number(node.left, module), whole_number(node.right, module)
        if left is None or right is None:
            return None
        match node.op:
            case ast.LShift():
                return left << right
            case ast.BitOr():
                return left | right
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
    return None


def write(stage: str, folder: Path) -> Path:
    """Write a stage's unit into the folder; returns its source's path. A file that is up to date stays unchanged."""
    unit = unit_of(stage)
    home = folder / "analyzer" / "compiled"  # Cython finds a module's declarations by its full name
    home.mkdir(parents=True, exist_ok=True)
    packages = (home.parent / "__init__.py", ""), (home / "__init__.py", "")
    for place, text in (*packages, (home / f"_{stage}.py", unit.source), (home / f"_{stage}.pxd", unit.declarations)):
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")
    return home / f"_{stage}.py"

"""TOML files as people write them: topologies, studies, expectations, jobs."""

from __future__ import annotations

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any, Final

from analyzer.errors import Unusable, unreadable
from analyzer.text.urls import check_local

BEGINNING: Final = 1024
"""Bytes of a file that show whether it is text."""


def read_toml(path: str | Path, what: str, *, name: str, form: str) -> tuple[str, dict[str, Any]]:
    """A TOML file as text and as tables; a byte order mark, as Windows' editors write one, is dropped.

    what    the kind of file, for messages: "topology"
    name    the remedy where it can't be read;  form: the remedy where it isn't TOML
    Errors  Unusable: it can't be read, or isn't TOML
    """
    import tomllib

    where = str(path)
    check_local(where)
    data = b""
    try:
        data = Path(path).read_bytes()
        text = data.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as error:
        raise unreadable(error, f"can't read the {what}: {(error.strerror or 'no reason given').lower()}", where, name) from error
    except UnicodeDecodeError as error:
        if b"\0" in data[:BEGINNING] and not data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise Unusable("it is no text, but binary data, as a capture is", where, form) from error
        raise Unusable(f"not UTF-8 text at byte {error.start}", where, f"save the {what} as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise Unusable(f"not valid TOML: {error}", where, form) from error
    except RecursionError as error:
        raise Unusable("nested too deeply", where, form) from error
    except ValueError as error:  # a NUL in the name
        raise Unusable(f"can't read the {what}: {error}", where, name) from error


SCHEMAS = Path(__file__).parents[1] / "schemas"


def schema_line(name: str) -> str:
    """The comment by which editors find the schema of a topology, study, job or catalogue file.

    It names the schema installed with this program: an editor completes what this version reads, without a network.
    Source  Taplo's document directive `#:schema`, which Even Better TOML and Tombi follow too (taplo.tamasfe.dev, read 2026-11-26)
    """
    return f"#:schema {(SCHEMAS / f'{name}.json').as_uri()}"


def basic_string(text: str) -> str:
    """The text in quotes, as TOML reads it back. Errors: Unusable, it is a file's name that isn't UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unusable("its name isn't UTF-8, and TOML holds nothing else", text, "give it another name") from error
    # JSON's strings are TOML's, except for this character; \u escapes would write characters beyond U+FFFF as TOML doesn't.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""Runs the command line: every error is one line on stderr, and an exit code. No traceback for user errors."""

from __future__ import annotations

import difflib
import errno
import io
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from analyzer.cli.interrupt import terminated_like_interrupted
from analyzer.cli.outcome import DONE, INTERRUPTED, MISTAKE, UNUSABLE, causes, complain
from analyzer.errors import WhichproxyError
from analyzer.text import plain
from analyzer.version import VERSION

TRACE = "WHICHPROXY_TRACEBACK"
"""If set, a bug's full traceback is printed."""

COMPLETION = "_WHICHPROXY_COMPLETE"

# typer doesn't export click's UsageError, and newer versions bundle click; in both it is the base of BadParameter.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]


def run(args: Sequence[str]) -> int:
    """The exit code of `whichproxy ARGS`; all errors were reported on stderr."""
    _open_streams()
    try:
        with terminated_like_interrupted():
            code = _invoke(list(args) or ["--help"])
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _discard_stdout()
        return DONE
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except _UsageError as error:
        verb = error.ctx.command_path if error.ctx else "whichproxy"
        said = f"{error.format_message().rstrip('.')}{_nearest(error.format_message())}"
        complain(f"{said}{' See' if said.endswith('?') else '; see'} {verb} --help")
        return UNUSABLE
    except WhichproxyError as error:
        complain(*causes(error))
        return UNUSABLE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        full = "; make room where the output goes, or send it elsewhere" if error.errno == errno.ENOSPC else ""
        complain(f"{where}{error.strerror or error}{full}")
        return UNUSABLE
    except Exception as error:  # noqa: BLE001 - a bug: exit code 1 would mean "done", and 2 an unusable input
        complain(*_report_of(error))
        return MISTAKE


def _nearest(message: str) -> str:
    """`: did you mean csv?`, for a message with the written value and the allowed ones; "" where none is close."""
    found = re.search(r"'([^']*)' is not one of (.*)", message)
    close = difflib.get_close_matches(found[1], re.findall(r"'([^']*)'", found[2]), n=1) if found else []
    return f": did you mean {close[0]}?" if close else ""


def _report_of(error: Exception) -> Iterator[str]:
    """The report of a bug, and how to get its traceback."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{'/'.join(Path(last.filename).parts[-3:])}:{last.lineno}"
    what = traceback.format_exception_only(error)[-1].strip()
    yield f"this is a mistake in whichproxy {VERSION}, not in your input: {what} ({where})"
    if os.environ.get(TRACE):
        traceback.print_exc()
        yield "please report it with the lines above"
    else:
        yield f"please report it with what the same command prints with {TRACE}=1 before it"


def _open_streams() -> None:
    """Make stdout and stderr accept any text, and exist even where the caller closed them."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    plain.register()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=plain.NAME)


def _invoke(args: list[str]) -> int:
    from analyzer.cli.app import app

    command = typer.main.get_command(app)
    if COMPLETION in os.environ:
        command.main(prog_name="whichproxy")
    try:
        with command.make_context("whichproxy", args) as context:
            return command.invoke(context) or DONE
    except typer.Exit as ended:
        return ended.exit_code


def _discard_stdout() -> None:
    """Redirect stdout to the null device, so that the interpreter's last flush doesn't fail on the closed pipe."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)

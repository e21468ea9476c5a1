"""Runs the command line: whatever goes wrong is one line on stderr, and an exit code. No traceback for anything a person can cause."""

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
"""Set to anything, a mistake of ours is printed with its whole trace."""

COMPLETION = "_WHICHPROXY_COMPLETE"

# typer doesn't export click's UsageError, and newer versions carry their own click; both make it the base of BadParameter.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]


def run(args: Sequence[str]) -> int:
    """The exit code of `whichproxy ARGS`; everything that went wrong has been said on stderr."""
    _open_streams()
    try:
        with terminated_like_interrupted():
            code = _invoke(list(args) or ["--help"])
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _forget_stdout()
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
    except Exception as error:  # noqa: BLE001 - a mistake of ours: exit code 1 would mean "done", and 2 that the input is to blame
        complain(*_report_of(error))
        return MISTAKE


def _nearest(message: str) -> str:
    """`: did you mean csv?`, of a message that names what was written and then what could be; "" where nothing is near."""
    found = re.search(r"'([^']*)' is not one of (.*)", message)
    close = difflib.get_close_matches(found[1], re.findall(r"'([^']*)'", found[2]), n=1) if found else []
    return f": did you mean {close[0]}?" if close else ""


def _report_of(error: Exception) -> Iterator[str]:
    """What is to be reported of a mistake of ours, and how to get the rest of it."""
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
    """Make stdout and stderr take any text, and be there even where the caller closed them."""
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


def _forget_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush doesn't fail on the pipe that its reader closed."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)

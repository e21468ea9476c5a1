"""The errors that stop a run. Everything else is a finding (findings.py)."""

from __future__ import annotations

from collections.abc import Sequence


class WhichproxyError(Exception):
    """Base of every error that this package raises on purpose; its text is one readable line."""


class Unusable(WhichproxyError, ValueError):
    """An input or argument that can't be used: what, where and the remedy, on one line. Exit code 2.

    It is also a ValueError, which callers expect for a wrong argument; our own `except ValueError` must let it pass first.

    what    what is wrong, in a few words
    where   file, key or byte offset, when known
    remedy  what to do about it, when known
    """

    def __init__(self, what: str, where: str | None = None, remedy: str | None = None) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        parts = [f"{where}: {what}" if where else what]
        if remedy:
            parts.append(remedy)
        super().__init__("; ".join(parts))


class Missing(Unusable, FileNotFoundError):
    """A file or directory that doesn't exist; also a FileNotFoundError."""


class NothingReadable(Unusable):
    """Every input was unusable; `causes` has one error for each."""

    def __init__(self, causes: list[Unusable]) -> None:
        super().__init__("\n".join(str(cause) for cause in causes))
        self.causes = causes


class NothingThere(NothingReadable, Missing):
    """Every input was missing."""


class Mistakes(Unusable):
    """Several mistakes in one file: the text is one line, `causes` holds one Unusable for each."""

    def __init__(self, causes: Sequence[Unusable]) -> None:
        self.causes = tuple(causes)
        super().__init__(" | ".join(str(cause) for cause in causes))


def unreadable(error: OSError, what: str, where: str, remedy: str | None = None) -> Unusable:
    """The error to raise for an OSError: Missing where the file doesn't exist."""
    if isinstance(error, FileNotFoundError):
        return Missing(what, where, remedy or "check the path")
    if isinstance(error, PermissionError):
        return Unusable(what, where, remedy or "let this user read it, or be a user who may")
    return Unusable(what, where, remedy)


def nothing_readable(causes: list[Unusable]) -> NothingReadable:
    """The error to raise where no input could be used: NothingThere where all are missing."""
    return (NothingThere if causes and all(isinstance(cause, Missing) for cause in causes) else NothingReadable)(causes)

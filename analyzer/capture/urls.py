"""Inputs behind URLs, by fsspec: the objects that a URL names, and their displayed names.

Credentials come from where fsspec and its file systems take them (environment, their own files, a machine's role), never from
here. No text of theirs is passed on, because it may hold a signed URL.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analyzer.capture.refused import DENIED, UNSET, reason
from analyzer.capture.remote import Budget, Remote, asked
from analyzer.errors import Unusable
from analyzer.text.urls import CHAIN, shown

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LIST_S: Final = 600.0
"""Seconds that a listing may take: a million objects are a thousand answers of a store."""

HTTP: Final = ("http", "https")
MAGIC: Final = "*[?"
SCHEME: Final = "://"
LOGGERS: Final = ("fsspec", "s3fs", "gcsfs", "adlfs", "botocore", "aiobotocore", "azure", "google", "aiohttp", "asyncio", "urllib3")


@dataclass
class NamedObjects:
    """The objects of a URL, or of one match of a glob. folder: its displayed name where it is one, else None."""

    objects: list[Remote]
    folder: str | None = None


def named_by(url: str) -> Iterator[NamedObjects]:
    """The objects of the URL: one object, all objects below a folder, or those that match a glob; names sorted.

    Errors  Unusable: the packages aren't installed, no object has the name, the store can't be reached or denies access
    """
    fs, path = _file_system(url)
    listing = _Listing(fs, url, path)
    if listing.is_glob():
        found = listing.glob()
        if not found:
            raise Unusable("no object fits it", shown(url))
        for name, about in sorted(found.items()):
            yield listing.folder(name) if about.get("type") == "directory" else NamedObjects([listing.object(name, about)])
    elif listing.is_http:  # a page or a file: only the name distinguishes them
        yield listing.folder(path) if path.partition("?")[0].endswith("/") else NamedObjects([listing.object(path, {})])
    else:
        about = asked(fs, "info", path, name=shown(url))
        yield listing.folder(path) if about.get("type") == "directory" else NamedObjects([listing.object(path, about)])


def _file_system(url: str) -> tuple[AbstractFileSystem, str]:
    install = f"install what reads them: {sys.executable} -m pip install 'whichproxy[remote]'"
    try:
        from fsspec import get_filesystem_class
        from fsspec.core import url_to_fs
    except ImportError:
        raise Unusable("reading URLs needs fsspec, which isn't installed", shown(url), install) from None
    _keep_quiet()
    try:
        for link in url.split(CHAIN):
            if SCHEME in link:
                get_filesystem_class(link.partition(SCHEME)[0])
    except ImportError as error:
        scheme = url.split(CHAIN)[-1].partition(SCHEME)[0]
        lacks = f", and {error.name} isn't installed" if error.name else ""
        raise Unusable(f"reading {scheme}:// needs a package of its own{lacks}", shown(url), install) from None
    except ValueError:
        raise Unusable("nothing here reads such a URL", shown(url), "give s3://, gs://, abfs://, https://, or what fsspec knows") from None
    try:
        fs, path = url_to_fs(url)
    except ValueError:  # adlfs without an account, gcsfs with a key that is none
        raise Unusable(UNSET, shown(url), DENIED) from None
    except Exception as error:  # noqa: BLE001 - in a chain the next file system is opened now, with any error
        raise Unusable(*reason(error, shown(url))) from None
    return fs, path


def _keep_quiet() -> None:
    """Send the libraries' logs only to handlers that the calling program installed: they may hold signed URLs."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


class _Listing:
    """Objects and folders of one file system, named as in the given URL."""

    def __init__(self, fs: AbstractFileSystem, url: str, path: str) -> None:
        self._fs = fs
        self._path = path
        self._url = url
        self._budget = Budget()
        protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
        self.is_http = protocol in HTTP
        # For unreachable pages fsspec gives an empty list, unless it is set to raise.
        self._how: dict[str, Any] = {"detail": True, "on_error": "raise"} if self.is_http else {"detail": True}
        first, _, behind = shown(url).partition(CHAIN)
        self._behind = f"{CHAIN}{behind}" if behind and not first.endswith("://") and "://" in first else ""
        # The part before the path in the URL, as the host in sftp://host/path.
        self._before = first.removesuffix(path) if path and first.endswith(path) else None
        fs.invalidate_cache()  # a process may list twice, and a gateway may have written meanwhile

    def is_glob(self) -> bool:
        path = self._path.partition("?")[0] if self.is_http else self._path
        return any(letter in path for letter in MAGIC)

    def glob(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = asked(self._fs, "glob", self._path, name=shown(self._url), seconds=LIST_S, **self._how)
        return found

    def folder(self, path: str) -> NamedObjects:
        """All objects below it; a web page's links that only sort it aren't objects."""
        name = self._name(path)
        found: dict[str, dict[str, Any]] = asked(self._fs, "find", path, name=name, seconds=LIST_S, **self._how)
        kept = (
            (each, about)
            for each, about in sorted(found.items())
            if about.get("type") != "directory" and not each.endswith("/") and not (self.is_http and "?" in each)
        )
        return NamedObjects([self.object(each, about) for each, about in kept], name)

    def object(self, path: str, about: dict[str, Any]) -> Remote:
        return Remote(self._fs, path, self._name(path), about, self._budget)

    def _name(self, path: str) -> str:
        if self._before is not None:
            return f"{self._before}{path}{self._behind}"
        return f"{shown(str(self._fs.unstrip_protocol(path)))}{self._behind}"

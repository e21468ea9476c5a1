"""Reasons why an object can't be read, in our own words: a library's message may contain a signed URL."""

from __future__ import annotations

import os
import re
from typing import Final

ANSWER_S = 60.0
"""Seconds that one answer may take: 4 MiB in that time are 70 kB/s."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{1,39}")
_NO_CREDENTIALS: Final = ("Credentials", "Authentication", "TokenRetrieval", "SSOToken", "RefreshError")
_UNREACHABLE: Final = ("EndpointConnectionError", "ClientConnectorError", "ConnectTimeoutError", "ProxyConnectionError", "gaierror")
_LASTING: Final = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
UNSET: Final = "credentials for it, or other settings of its store, are missing or can't be read"
DENIED: Final = "credentials are taken from where fsspec takes them (docs/urls.md)"


def reason(error: BaseException, name: str) -> tuple[str, str, str | None]:
    """(the reason, the name, the remedy) in our own words: the library's may contain a signed URL."""
    chain = _chain(error)
    status = next((status for each in chain if (status := _status(each)) is not None), None)
    names = [type(each).__name__ for each in chain]
    code = next((code for each in chain if (code := _store_code(each)) is not None), None)
    codes = ", ".join(str(part) for part in (code, status) if part is not None)
    if any(map(_lacks_credentials, chain)):
        return "no credentials for it were found", name, DENIED
    if status in (401, 403) or isinstance(error, PermissionError):
        return f"access is denied{f' ({codes})' if codes else ''}", name, DENIED
    if status == 404 or (isinstance(error, FileNotFoundError) and len(chain) == 1):
        return f"no such object{f' ({codes})' if codes else ''}", name, None
    if any(isinstance(each, TimeoutError) for each in chain) or status == 408:
        return f"no answer within {ANSWER_S:g} s", name, "try again"
    if status is not None:
        return f"the server answers {codes}", name, "try again"
    if any(isinstance(each, EOFError) for each in chain):
        return "the server sends less than it said", name, "try again"
    if any(each in _UNREACHABLE for each in names) or isinstance(chain[0], ConnectionRefusedError):
        return "the server can't be reached", name, "see whether the address is right, and the network's proxy"
    if isinstance(error, ImportError):
        return f"it needs {error.name or 'a package'}, which isn't installed", name, "pip install 'whichproxy[remote]'"
    number = next((each.errno for each in chain if isinstance(each, OSError) and each.errno), None)
    return f"it can't be had ({names[0]}{f': {os.strerror(number)}' if number else ''})", name, "try again"


def may_pass(error: BaseException) -> bool:
    """Whether a retry may succeed."""
    for each in _chain(error):
        status = _status(each)
        if status is not None:
            return status >= 500 or status in (408, 429)
        # Without a server botocore has already retried by itself.
        if _lacks_credentials(each) or any(word in type(each).__name__ for word in ("Validation", "EndpointConnection")):
            return False
        if not isinstance(each, OSError | EOFError) and type(each).__module__.startswith("builtins"):
            return False
    return not isinstance(error, _LASTING) or (isinstance(error, FileNotFoundError) and error.__cause__ is not None)


def _lacks_credentials(error: BaseException) -> bool:
    return any(word in type(error).__name__ for word in _NO_CREDENTIALS)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, the innermost first."""
    found = [error]
    while (cause := found[-1].__cause__) is not None and len(found) < 10:
        found.append(cause)
    return found[::-1]


def _status(error: BaseException) -> int | None:
    """The HTTP status in the error: aiohttp's, botocore's, Azure's, gcsfs's."""
    if type(error).__module__ == "aiohttp.http_exceptions":  # its 400 is about a malformed answer of the server's
        return None
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        status = next((value for key in ("status", "status_code", "code") if isinstance(value := getattr(error, key, None), int)), None)
    return status if isinstance(status, int) and 100 <= status < 600 else None


def _store_code(error: BaseException) -> str | None:
    """The store's name for the error (NoSuchBucket, SignatureDoesNotMatch): one word."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else getattr(error, "error_code", None)
    code = getattr(code, "value", code)  # of an enumeration
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None

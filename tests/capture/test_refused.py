"""Purpose: whatever a store's library raises becomes one plain sentence that holds none of its words."""

from __future__ import annotations

import errno
import socket
from enum import Enum
from typing import Any

import aiohttp
import botocore.exceptions
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from s3fs.errors import translate_boto_error
from yarl import URL

from analyzer.capture.refused import may_pass, reason

SECRET = "X-Amz-Signature=s3cr3t"
URL_ = f"https://host/a.pcap?{SECRET}"


def web(status: int) -> Exception:
    """What aiohttp raises of an answer; its text has the whole URL."""
    headers = CIMultiDictProxy[str](CIMultiDict())
    request = aiohttp.RequestInfo(URL(URL_), "GET", headers, URL(URL_))
    return aiohttp.ClientResponseError(request, (), status=status, message=URL_)


def store(code: str, status: int) -> Exception:
    """What s3fs makes of an error of the store."""
    told = {"Error": {"Code": code, "Message": URL_}, "ResponseMetadata": {"HTTPStatusCode": status}}
    found: Exception = translate_boto_error(botocore.exceptions.ClientError(told, "GetObject"))
    return found


class Code(str, Enum):  # noqa: UP042 - of Python's own kind its text would be its value
    """Azure's are of such a kind."""

    DENIED = "AuthorizationFailure"


def azure() -> Exception:
    error: Any = Exception(URL_)
    error.status_code, error.error_code = 403, Code.DENIED
    found: Exception = error
    return found


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def unreachable() -> Exception:
    key = aiohttp.client_reqrep.ConnectionKey("host", 443, True, True, None, None, None)
    return aiohttp.ClientConnectorError(key, OSError(errno.ECONNREFUSED, URL_))


CASES = [
    (web(403), "access is denied (403)", False),
    (web(401), "access is denied (401)", False),
    (web(404), "no such object (404)", False),
    (web(410), "the server answers 410", False),
    (web(429), "the server answers 429", True),
    (web(503), "the server answers 503", True),
    (caused(FileNotFoundError(URL_), web(403)), "access is denied (403)", False),
    (caused(FileNotFoundError(URL_), web(500)), "the server answers 500", True),
    (caused(FileNotFoundError(URL_), unreachable()), "the server can't be reached", True),
    (FileNotFoundError(URL_), "no such object", False),
    (PermissionError(URL_), "access is denied", False),
    (store("AccessDenied", 403), "access is denied (AccessDenied, 403)", False),
    (store("ExpiredToken", 400), "access is denied (ExpiredToken, 400)", False),
    (store("NoSuchBucket", 404), "no such object (NoSuchBucket, 404)", False),
    (store("SlowDown", 503), "the server answers SlowDown, 503", True),
    (store(f"Odd {SECRET}", 500), "the server answers 500", True),
    (azure(), "access is denied (AuthorizationFailure, 403)", False),
    (botocore.exceptions.NoCredentialsError(), "no credentials for it were found", False),
    (botocore.exceptions.PartialCredentialsError(provider="env", cred_var=SECRET), "no credentials for it were found", False),
    (botocore.exceptions.EndpointConnectionError(endpoint_url=URL_), "the server can't be reached", False),
    (botocore.exceptions.ParamValidationError(report=URL_), "it can't be had (ParamValidationError)", False),
    (ConnectionRefusedError(errno.ECONNREFUSED, URL_), "the server can't be reached", True),
    (socket.gaierror(socket.EAI_NONAME, URL_), "the server can't be reached", True),
    (ConnectionResetError(errno.ECONNRESET, URL_), "it can't be had (ConnectionResetError: Connection reset by peer)", True),
    (TimeoutError(URL_), "no answer within 60 s", True),
    (TimeoutError(), "no answer within 60 s", True),
    (EOFError(), "the server sends less than it said", True),
    (aiohttp.ClientPayloadError(URL_), "it can't be had (ClientPayloadError)", True),
    (ModuleNotFoundError(URL_, name="gcsfs"), "it needs gcsfs, which isn't installed", False),
    (ValueError(URL_), "it can't be had (ValueError)", False),
]


@pytest.mark.parametrize(("error", "what", "again"), CASES, ids=[f"{type(case[0]).__name__}-{i}" for i, case in enumerate(CASES)])
def test_what_is_said_and_whether_to_ask_again(error: Exception, what: str, again: bool) -> None:
    said, where, remedy = reason(error, "https://host/a.pcap")
    assert (said, where) == (what, "https://host/a.pcap")
    assert "s3cr3t" not in f"{said}{remedy}" and "?" not in f"{said}{remedy}"
    assert may_pass(error) is again

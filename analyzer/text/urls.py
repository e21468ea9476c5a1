"""URLs for display: without credentials, signatures and tokens."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode

from analyzer.errors import Unusable

CHAIN: Final = "::"
"""fsspec's separator between a file and its container: zip://a.pcap::s3://bucket/a.zip."""

_URL = re.compile(r"[a-z][a-z0-9+.-]*(?:://|::[a-z])", re.IGNORECASE)
# IPv6 addresses have two colons too.
_LINK = re.compile(r"::(?=[a-z][a-z0-9+.-]*(?:://|::|$))", re.IGNORECASE)
_IN_TEXT = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>`]*[^\s\"'<>`:;,.)]", re.IGNORECASE)
_QUERY = re.compile(r"\?[\w.%$-]+=")
_PORT = re.compile(r"(?:\[[^]]*\]|[^:]*)(?::\d*)?")

# Query keys that name a version of an object and grant no access.
VERSIONS: Final = ("versionid", "snapshot", "generation")

# In these schemes the text before the @ is a container: abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH.
CONTAINERS: Final = ("abfs", "abfss")


def is_url(name: str) -> bool:
    """Whether the name is a URL, or a chain of them. No path begins like one: C:\\ has one letter and no slashes."""
    return _URL.match(name) is not None


def shown(url: str) -> str:
    """The URL without user, password, query and fragment; of a query only a version's keys stay. Other names unchanged."""
    return CHAIN.join(map(_shown, _LINK.split(url))) if is_url(url) else url


def check_local(path: object) -> None:
    """Raise Unusable where the path is a URL: only captures are read from URLs, all other files are local."""
    if is_url(str(path)):
        raise Unusable("is a URL, and only captures are read from those", shown(str(path)), "name a file on this machine")


def without_secrets(text: str) -> str:
    """The text with each URL in it as `shown` gives it."""
    return _IN_TEXT.sub(lambda found: shown(found[0]), text)


def _shown(part: str) -> str:
    scheme, mark, rest = part.partition("://")
    if not mark:
        return part
    rest, query = _parted(scheme.lower(), rest)
    host, slash, path = rest.partition("/")
    if "@" in host:
        user, _, bare = host.rpartition("@")
        rest = rest if scheme.lower() in CONTAINERS and ":" not in user else bare + slash + path
    elif not _PORT.fullmatch(host):  # a password may have a slash in it: the host comes behind the first @, if there is one
        rest = rest.partition("@")[2] or slash + path
    kept = [(key, value) for key, value in parse_qsl(query) if key.lower() in VERSIONS]
    return f"{scheme}://{rest}" + (f"?{urlencode(kept)}" if kept else "")


def _parted(scheme: str, rest: str) -> tuple[str, str]:
    """(the part before the query, the query). In object stores ? and # are part of a name, unless a key and = follow."""
    if scheme in ("http", "https"):
        before, _, query = rest.partition("#")[0].partition("?")
        return before, query
    found = _QUERY.search(rest)
    return (rest, "") if found is None else (rest[: found.start()], rest[found.start() + 1 :].partition("#")[0])

"""Masked HTTP heads and SOCKS messages, byte for byte as long as before.

Only known harmless values stay: methods, versions, status codes, well-known fields with well-known values, hosts that Names keeps.
Everything else keeps its shape and loses its letters and digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from analyzer.services.catalogue import Catalogue
from analyzer.services.hosts import dns_name
from analyzer.slices.addresses import Addresses
from analyzer.slices.names import Names

# Methods of HTTP, WebDAV and Windows' own services (IANA's registry; MS-BPAU; Configuration Manager). Another may identify a company.
METHODS: Final = frozenset(
    b"BASELINE-CONTROL BITS_POST CCM_POST CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LOCK MERGE MKCOL MOVE OPTIONS PATCH POST PROPFIND "
    b"PROPPATCH PUT REPORT RPC_IN_DATA RPC_OUT_DATA SEARCH TRACE UNLOCK".split()
)
# Well-known fields; another field's name may identify a company.
FIELDS: Final = frozenset(
    b"accept accept-encoding accept-language accept-ranges age authorization cache-control connection content-encoding content-length "
    b"content-type cookie date etag expires forwarded host if-modified-since if-none-match keep-alive last-modified location "
    b"mime-version pragma proxy-agent proxy-authenticate proxy-authorization proxy-connection range referer server set-cookie "
    b"transfer-encoding upgrade upgrade-insecure-requests user-agent vary via www-authenticate x-cache x-cache-lookup "
    b"x-forwarded-for".split()
)
# Fields whose values keep their well-known words.
HARMLESS: Final = frozenset(
    b"accept accept-encoding accept-ranges cache-control connection content-encoding content-type keep-alive mime-version pragma "
    b"proxy-connection transfer-encoding upgrade upgrade-insecure-requests vary".split()
)
VALUE_WORDS: Final = frozenset(
    b"accept age application autoconfig br bytes cache charset chunked close compress css data deflate encoding form gif gzip h2c html "
    b"identity image javascript jpeg json keep max must no none ns octet origin plain png private proxy public q revalidate alive stream "
    b"store text timeout transform urlencoded user utf webp websocket wildcard www x xhtml xml zstd".split()
)
AUTHENTICATION: Final = frozenset(b"authorization proxy-authorization proxy-authenticate www-authenticate".split())
SCHEMES: Final = frozenset(b"basic bearer digest kerberos negotiate ntlm".split())

# Words that many user agents share; none identifies a machine or a company.
AGENT_WORDS: Final = frozenset(
    b"20100101 agent android applewebkit automation autoproxy bits chrome client compatible cryptoapi curl delivery device edg "
    b"edge falcon firefox for gecko health http khtml libcurl like linux mac macintosh mde metadata microsoft mozilla msie ncsi "
    b"net nt openssl optimization os retrieval rv safari sense service smartscreen trident update user version webview win win64 "
    b"windows winhttp wns wow64 x x64 x86".split()
)
REASONS: Final = frozenset(
    b"authentication bad connection continue established forbidden found gateway modified moved no content not ok partial permanently "
    b"proxy request required service timeout unauthorized unavailable".split()
)

GSSAPI_HEAD: Final = 4
"""Bytes before a GSSAPI token (RFC 1961 3)."""

# File names by which PAC files are known.
_PAC_NAME = re.compile(rb"(?i)(?:/wpad\.dat?|\.pac)$")
_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+")
_REQUEST = re.compile(rb"([A-Za-z_-]+)( *)([^ \r\n]*)(.*)", re.DOTALL)
_ANSWER = re.compile(rb"((?:H(?:T(?:TP?)?)?)?/?[\d.]* *\d{0,3})(.*)", re.DOTALL | re.IGNORECASE)  # or what was captured of one
_VERSION = re.compile(rb" *(?:H(?:T(?:T(?:P(?:/\d?[\d.]{0,3})?)?)?)?)? *(?:\r?\n)?\r?", re.IGNORECASE)  # or what was captured of one
_FIELD = re.compile(rb"([^:\r\n]*)(:[ \t]*)(.*?)([ \t]*\r?\n)", re.DOTALL)
_URL = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*://)(?:([^/?#@]*)(@))?(\[[^\]]*\]|[^/:?#]*)(:\d+)?(.*)", re.DOTALL)
_PORT = re.compile(rb"(.*?)(:\d{1,5})?", re.DOTALL)


class Masks:
    """Masks messages with these names; a path keeps the beginning by which the catalogue finds its service."""

    def __init__(self, names: Names, addresses: Addresses, catalogue: Catalogue) -> None:
        self._names = names
        self._addresses = addresses
        self._catalogue = catalogue

    def request(self, head: bytes) -> bytes:
        """The masked head of a request, with its empty line."""
        line, fields = _first_line(head)
        method, space, target, rest = _groups(_REQUEST, line)
        asked = next((value for name, value in _fields(fields) if name == b"host"), b"")
        more, before, last = rest.rpartition(b" ")  # a target may have spaces in it
        end = (
            rest
            if _VERSION.fullmatch(rest)
            else self._names.words(more) + before + (last if _VERSION.fullmatch(last) else self._names.words(last))
        )
        named = method if method.upper() in METHODS else self._names.words(method)
        return named + space + self._target(method.upper(), target, asked) + end + self._masked_fields(fields)

    def answer(self, head: bytes) -> bytes:
        """The masked head of an answer."""
        line, fields = _first_line(head)
        status, reason = _groups(_ANSWER, line)
        return status + self._words(reason, REASONS) + self._masked_fields(fields)

    def chunk(self, line: bytes) -> bytes:
        """The masked line before a chunk, or the last chunk with its trailer: the size stays."""
        size = re.match(rb"[0-9A-Fa-f]*", line)
        end = size.end() if size else 0
        return line[:end] + self._names.noise(line[end:])

    def socks(self, data: bytes) -> bytes:
        """A masked SOCKS message: host names and addresses replaced, user names and passwords crossed out."""
        if data[0] in (0, 4):
            return self._socks4(data)
        if data[0] == 1 and data[1] in (1, 2) and len(data) == GSSAPI_HEAD + int.from_bytes(data[2:4], "big"):
            return data[: GSSAPI_HEAD + 1] + bytes(len(data) - GSSAPI_HEAD - 1)  # only the token's first byte, which shows its kind, stays
        if data[:1] == b"\x01" and len(data) > 2:  # RFC 1929
            name = data[1]
            return data[:2] + b"x" * name + data[2 + name : 3 + name] + b"x" * (len(data) - 3 - name)
        if len(data) >= 7 and data[3] == 3:
            return data[:5] + self._names.host(data[5:-2]) + data[-2:]
        if len(data) in (10, 22) and data[3] in (1, 4):
            return data[:4] + self._addresses.packed(data[4:-2]) + data[-2:]
        return data

    def _socks4(self, data: bytes) -> bytes:
        if len(data) == 8 and data[0] == 0:
            return data[:4] + self._addresses.packed(data[4:])
        user, _, host = data[8:].partition(b"\0")
        is_name = data[4:7] == bytes(3) and data[7]
        address = data[4:8] if is_name else self._addresses.packed(data[4:8])
        masked = self._names.host(host.rstrip(b"\0")) + b"\0" * (len(host) - len(host.rstrip(b"\0")))
        return data[:4] + address + b"x" * len(user) + b"\0" + masked

    def _target(self, method: bytes, target: bytes, host: bytes) -> bytes:
        if method == b"CONNECT":
            return self._authority(target)
        url = _URL.fullmatch(target)
        if url is None:
            return self._path(target, host)
        scheme, user, at, name, port, rest = (part or b"" for part in url.groups())
        return scheme + b"x" * len(user) + at + self._authority(name) + port + self._path(rest, name)

    def url(self, text: bytes) -> bytes:
        """A masked URL."""
        return self._target(b"", text, b"")

    def proxy_header(self, data: bytes) -> bytes:
        """The masked PROXY protocol header: its kind stays, addresses and other fields are replaced."""
        if data[:1] == b"P":
            kind, space, rest = data[6:].partition(b" ")
            return data[:6] + self._names.noise(kind) + space + b" ".join(map(self._names.host, rest.split(b" "))) if space else data
        return data[:16] + bytes(len(data) - 16)

    def _authority(self, text: bytes) -> bytes:
        """A masked host, host:port or [v6]:port."""
        if text.startswith(b"["):
            address, bracket, port = text[1:].partition(b"]")
            return b"[" + self._names.host(address) + bracket + port
        host, port = _groups(_PORT, text)
        return self._names.host(host) + (port or b"")

    def _path(self, path: bytes, host: bytes) -> bytes:
        kept = self._kept_path(path, host)
        line, question, query = path[kept:].partition(b"?")
        end = _PAC_NAME.search(line)
        rest = line[: end.start()] if end else line
        return path[:kept] + self._names.words(rest) + line[len(rest) :] + question + self._names.words(query)

    def _kept_path(self, path: bytes, host: bytes) -> int:
        """The number of bytes at the path's beginning that a rule of the catalogue for this host names; 0 without such a rule."""
        name = dns_name(host.decode("latin-1"))
        if name is None:
            return 0
        rules = [rule for level in self._catalogue.levels(name) for rule in level if rule.url_path]
        known = [re.split(r"[*;,( ]", rule.url_path or "")[0].encode() for rule in rules]
        return max((len(start) for start in known if path.startswith(start)), default=0)

    def _masked_fields(self, fields: bytes) -> bytes:
        made, end = b"", 0
        for field in _FIELD.finditer(fields):
            name, colon, value, line_end = field.groups()
            made += self._names.noise(fields[end : field.start()])
            known = name if name.strip().lower() in FIELDS else self._names.noise(name)
            made += known + colon + self._value(name.strip().lower(), value) + line_end
            end = field.end()
        return made + self._names.noise(fields[end:])

    def _value(self, name: bytes, value: bytes) -> bytes:
        if name == b"content-length" and value.isdigit():
            return value
        if name in HARMLESS:
            return self._words(value, VALUE_WORDS, short_numbers=True)
        if name == b"host":
            return self._authority(value)
        if name == b"user-agent":
            return self._words(value, AGENT_WORDS, short_numbers=True)
        if name in AUTHENTICATION:
            scheme, space, rest = value.partition(b" ")
            return (scheme if scheme.lower() in SCHEMES else b"x" * len(scheme)) + space + b"x" * len(rest)
        return _WORD.sub(lambda word: b"x" * len(word[0]), value)

    @staticmethod
    def _words(text: bytes, known: frozenset[bytes], *, short_numbers: bool = False) -> bytes:
        """The text with every unknown word crossed out; short_numbers: numbers of up to four digits, as in versions, stay."""

        def crossed(word: re.Match[bytes]) -> bytes:
            stays = word[0].lower() in known or (short_numbers and word[0].isdigit() and len(word[0]) <= 4)
            return word[0] if stays else b"x" * len(word[0])

        return _WORD.sub(crossed, text)


def _first_line(head: bytes) -> tuple[bytes, bytes]:
    """(the first line with its end, the rest)."""
    end = head.find(b"\n") + 1 or len(head)
    return head[:end], head[end:]


def _groups(pattern: re.Pattern[bytes], text: bytes) -> Sequence[bytes]:
    """The pattern's groups in a text that it fits; a group that didn't take part is None."""
    found = pattern.fullmatch(text)
    assert found is not None, "what the readers took for one"
    return found.groups()


def _fields(fields: bytes) -> list[tuple[bytes, bytes]]:
    return [(found[1].strip().lower(), found[3]) for found in _FIELD.finditer(fields)]

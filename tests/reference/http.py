"""HTTP/1.x heads and the length of the bodies behind them (RFC 9110, RFC 9112), read leniently: LF alone ends a line."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.reference.streams import Stream

# The characters of registered methods (IANA, HTTP Method Registry), not all of a token's: "GE9" is a damaged GET.
METHOD = rb"[A-Za-z_-]{1,20}"
REQUEST_LINE = re.compile(rb"(" + METHOD + rb")[ \t]+([^ \t\r].*?)(?:[ \t]+(HTTP/[0-9.]+))?[ \t]*\r?\Z", re.IGNORECASE)
STATUS_LINE = re.compile(rb"HTTP/[0-9.]+[ \t]+([1-9]\d\d)(?:[ \t].*)?\r?\Z", re.IGNORECASE | re.DOTALL)
SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")
SCHEME_BEFORE = re.compile(rb"[A-Za-z]{1,12}://")


class Head(NamedTuple):
    """A start line and header fields.

    begin     where the start line stands, behind empty lines
    end       behind the last whole line, the empty one included if it was seen
    complete  whether the empty line was seen; if not, the bytes end or are lost there
    """

    line: bytes
    fields: list[tuple[bytes, bytes]]
    begin: int
    end: int
    complete: bool

    def field(self, name: bytes) -> bytes | None:
        """The first field of that name that isn't empty."""
        return next((value for key, value in self.fields if key == name and value), None)


def read_head(data: bytes) -> Head | None:
    """The head at the beginning of data; None when there is no whole line."""
    begin = len(data) - len(data.lstrip(b"\r\n"))
    stop = data.find(b"\n", begin)
    if stop < 0:
        return None
    line, at, fields = data[begin:stop], stop + 1, list[tuple[bytes, bytes]]()
    while (stop := data.find(b"\n", at)) >= 0:
        text = data[at:stop].removesuffix(b"\r")
        at = stop + 1
        if not text:
            return Head(line, fields, begin, at, True)
        if text[:1] in b" \t" and fields:  # obs-fold: the value goes on
            fields[-1] = (fields[-1][0], (fields[-1][1] + b" " + text.strip(b" \t")).strip())
        elif b":" in text:
            name, _, value = text.partition(b":")
            fields.append((name.strip(b" \t").lower(), value.strip(b" \t")))
    return Head(line, fields, begin, at, False)


class Request(NamedTuple):
    """A request's head; kind is connect, absolute or None (origin or asterisk form). bare: it has no version."""

    method: bytes
    target: bytes
    kind: str | None
    head: Head
    bare: bool = False


def read_request(data: bytes) -> Request | None:
    """The request at the beginning of data, or None.

    CONNECT is known in any case. A line without a version is a request only as GET or CONNECT with a target that fits,
    since many text protocols begin with two words.
    """
    head = read_head(data)
    if head is None:
        return read_cut_request(data)
    found = REQUEST_LINE.match(head.line)
    if not found:
        return None
    method, target, version = found.groups()
    if not version and re.fullmatch(rb"HTTP/[0-9.]+", target, re.IGNORECASE):
        target, version = b"", target  # a request without a target
    kind = "connect" if method.upper() == b"CONNECT" else "absolute" if SCHEME.match(target) else None
    if version and version.upper() == b"HTTP/2.0":  # the HTTP/2 preface (RFC 9113 3.4)
        return None
    if not version:
        has_port = split_authority(target, HOST)[1] and b"@" not in target
        fits = has_port if kind == "connect" else method == b"GET" and (kind or target[:1] == b"/")
        fits = fits or (method in (b"POST", b"PUT", b"HEAD") and target[:1] == b"/" and b" " not in target and b"\t" not in target)
        if not fits or re.match(rb"(?:RTSP|SIP|ICAP)/", target.split(b" ")[-1], re.IGNORECASE):
            return None
        target = target.split(b" ")[0]  # the rest is an unknown version
    elif kind == "connect" and not split_tunnel(target)[0]:
        return None
    return Request(method.upper() if kind == "connect" else method, target, kind, head, not version)


def read_cut_request(data: bytes) -> Request | None:
    """The request whose line was cut: with its target where a CONNECT's or an absolute form's authority is complete, else without."""
    begin = len(data) - len(data.lstrip(b"\r\n"))
    line = data[begin:]
    if re.search(rb"[\x00-\x08\x0a-\x1f]", line.removesuffix(b"\r")):
        return None
    head = Head(line, [], begin, len(data), False)
    if found := re.match(rb"(?i:(CONNECT)) +([^ ]+) +([^ ].*)?$", line, re.DOTALL):
        fits = split_tunnel(found[2])[0] and b"HTTP/".startswith((found[3] or b"")[:5].upper())
        return Request(b"CONNECT", found[2], "connect", head) if fits else None
    if re.match(rb"C(?i:ONNECT) +[\w.\x80-\xff-]+(:\d*)?$", line) and not re.search(rb":(?!\d*$)", line):
        return Request(b"CONNECT", b"", "connect", head)
    if found := re.match(rb"(" + METHOD + rb") +([A-Za-z]{1,12}://[^ /?#]*)[ /?#]", line):
        return Request(found[1], found[2], "absolute", head)
    if found := re.match(rb"(?=[A-Z])(" + METHOD + rb") +(?i:https?:|https?:/|https?://[^ /?#]*)$", line):
        return Request(found[1], b"", "absolute", head)
    found = re.match(rb"(?=[A-Z])(" + METHOD + rb") +/[^ ]*$", line)
    return Request(found[1], b"", None, head) if found else None


class Response(NamedTuple):
    status: int
    head: Head


def read_response(data: bytes) -> Response | None:
    """The response head at the beginning of data, or None."""
    head = read_head(data)
    if head is None:  # cut in the status line
        begin = len(data) - len(data.lstrip(b"\r\n"))
        head = Head(data[begin:], [], begin, len(data), False)
    found = STATUS_LINE.match(head.line)
    return Response(int(found[1]), head) if found else None


def challenges(head: Head) -> tuple[list[str], bool]:
    """The schemes of all Proxy-Authenticate fields (RFC 9110 11.6.1), and whether one brings its next token or says stale=true."""
    schemes, goes_on = [], False
    for name, value in head.fields:
        if name != b"proxy-authenticate":
            continue
        for element in re.findall(rb'(?:"(?:\\\\.|[^"\\\\])*"?|[^,"])+', value):
            found = re.match(rb"[ \t]*(?:([^ \t=]+)(?:[ \t]+|[ \t]*$)(?!=))?(.*)", element, re.DOTALL)
            scheme, rest = (found[1] or b"").lower(), found[2]
            schemes += [scheme.decode()] if scheme else []
            goes_on |= bool(rest) if scheme in (b"ntlm", b"negotiate") else bool(re.match(rb'(?i)stale[ \t]*=[ \t]*"?true', rest))
    return schemes, goes_on


def redirected_to(response: Response) -> str | None:
    """The host, in lower case, of a redirection's Location; None for a path."""
    place = response.head.field(b"location") or b""
    if not re.match(rb"(?:[A-Za-z]{1,12}:)?//", place) or not 300 <= response.status < 400:
        return None
    host = split_tunnel(place)[0]
    return "".join(c.lower() if c.isascii() else c for c in host).removesuffix(".") if host else None


def is_html(head: Head) -> bool | None:
    """Whether the body is a web page; None where the head's end wasn't captured and no field before decides."""
    kind = next((value for name, value in reversed(head.fields) if name == b"content-type"), None)
    if kind is None:
        return False if head.complete else None
    return re.split(rb"[; \t]", kind.lower())[0] in (b"text/html", b"application/xhtml+xml")


HOST = re.compile(rb"[A-Za-z0-9._\x80-\xff-]+")
REGISTERED = re.compile(rb"[A-Za-z0-9._\x80-\xff~!$&'()*+,;-]+")  # RFC 3986 3.2.2, less % and =: passwords
PORT = re.compile(rb"(?::([0-9]*))?")


def is_v6(text: bytes) -> bool:
    """Whether it can be an IPv6 address, which a zone may follow."""
    address, percent, zone = text.partition(b"%")
    in_form = re.fullmatch(rb"[0-9A-Fa-f:.]+", address) and (b"::" in address or address.count(b":") >= 7)
    return bool(in_form and (not percent or HOST.fullmatch(zone)))


def split_authority(authority: bytes, name: re.Pattern[bytes] = REGISTERED) -> tuple[str | None, int | None]:
    """Host and port of host:port, [v6]:port or either without a port, user info left out; None for a port that can't be one.

    No host where another byte stands than names have (name: what they match), or other than digits behind the colon.
    """
    authority = authority.rpartition(b"@")[2]
    if authority.startswith(b"["):
        host, _, rest = authority[1:].partition(b"]")
        fits = b"]" in authority and is_v6(host)
    else:
        host = authority.split(b":")[0]
        rest = authority[len(host) :]
        fits = bool(name.fullmatch(host))
    port = PORT.fullmatch(rest)
    if not fits or not port:
        host, port = authority, None
        if not is_v6(authority):
            return None, None
    number = int(port[1] or 0) if port and port[1] else 0
    return host.decode("utf-8", "backslashreplace"), number if 1 <= number <= 65535 else None


def split_tunnel(target: bytes) -> tuple[str | None, int | None]:
    """Host and port of a CONNECT's target or a Host field, around which some write a scheme, slashes, user info and a path."""
    if SCHEME_BEFORE.match(target):
        host, port, _ = split_absolute(target)
        return host, port if host else None
    target = target.removeprefix(b"//") if len(target) > 2 else target
    authority = re.split(rb"[/?#]", target, maxsplit=1)[0]
    return (None, None) if b"@" in target[len(authority) :] else split_authority(authority)


USER = re.compile(
    rb"(?:(?<=//)|(?:(?<=[\0- \"\x27(),;<=>/])|\A)(?=[^\0- \"\x27(),;<=>/?#@]*:))[^\0- \"\x27(),;<=>/?#]*@"
    rb"|(?<=//)[^\0- \"\x27(),;<=>/?#:@]*:(?=[0-9]*[^\0- \"\x27(),;<=>/?#0-9])[^\0- \"\x27(),;<=>/?#@]*[/?#][^\0- \"\x27(),;<=>]*@"
)


def without_users(text: bytes) -> bytes:
    """The text without user:password@, and without //user@; a password may have a slash in it where no port stands."""
    return USER.sub(b"", text)


DEFAULT_PORTS = {b"http": 80, b"https": 443, b"ftp": 21, b"ws": 80, b"wss": 443}


def split_absolute(target: bytes) -> tuple[str | None, int | None, str | None]:
    """Host, port (else the scheme's own, RFC 9110 4.2) and path (without query and fragment) of an absolute-form target."""
    scheme, rest = target.split(b"://", 1)
    authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    path = re.split(rb"[?#]", rest[len(authority) :], maxsplit=1)[0]
    host, port = split_authority(authority)
    path = without_users(path) if host else b""
    return host, port or DEFAULT_PORTS.get(scheme.lower()), path.decode("utf-8", "backslashreplace") or None


def body_end(head: Head, stream: Stream, at: int) -> int | None:
    """Position behind the body that begins at `at`; None without Content-Length or chunked coding, or when chunks can't be followed."""
    coding = head.field(b"transfer-encoding")
    if coding and b"chunked" in coding.lower():
        return chunks_end(stream, at)
    length = head.field(b"content-length")
    if length and re.fullmatch(rb"[0-9]{1,18}", length):
        return at + int(length)
    return None


def chunks_end(stream: Stream, at: int) -> int | None:
    """Position behind the last chunk and the trailer (RFC 9112 7.1)."""
    while True:
        data = stream.bytes_from(at)
        found = re.match(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n", data)
        if not found:
            return None
        at += found.end()
        size = int(found[1], 16)
        if size == 0:
            break
        at += size
        end = re.match(rb"\r?\n", stream.bytes_from(at))
        if not end:
            return None
        at += end.end()
    while True:  # trailer fields up to the empty line
        data = stream.bytes_from(at)
        stop = data.find(b"\n")
        if stop < 0:
            return None
        at += stop + 1
        if data[:stop].rstrip(b"\r") == b"":
            return at

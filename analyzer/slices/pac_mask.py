"""Masked PAC files: they name as many proxies, with other host names; words that aren't JavaScript's or PAC's own are replaced."""

from __future__ import annotations

import re
from typing import Final

from analyzer.slices.names import Names

# JavaScript's words, its string methods and PAC's predefined functions (developer.mozilla.org, Proxy Auto-Configuration file).
WORDS: Final = frozenset(
    b"alert array case charat const continue convert_addr datarange date daterange default direct dnsdomainis dnsdomainlevels dnsresolve "
    b"dnsresolveex do else false findproxyforurl findproxyforurlex for function host http https if in indexof isinnet isinnetex "
    b"isplainhostname isresolvable isresolvableex length let localhostordomainis match math myipaddress myipaddressex new null proxy "
    b"regexp return shexpmatch slice socks socks4 socks5 sortipaddresslist split substring switch test timerange tolowercase touppercase "
    b"true typeof undefined url var weekdayrange while".split()
)
_COMMENT = re.compile(rb"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
_TOKEN = re.compile(rb"[A-Za-z0-9_\x80-\xff-]+(?:\.[A-Za-z0-9_\x80-\xff-]+)*")
_CHUNK_SIZE = re.compile(rb"(?m)^[0-9A-Fa-f]{1,8}\r?$")
_NETMASK = re.compile(rb"(?:255|254|252|248|240|224|192|128|0)(?:\.(?:255|254|252|248|240|224|192|128|0)){3}")
MAX_NUMBER: Final = 5  # digits of a port


def masked_pac(text: bytes, names: Names) -> bytes:
    """The masked file, byte for byte as long as before; comments are blanked."""
    sizes = {found.start(): found.group() for found in _CHUNK_SIZE.finditer(text)}
    bare = _COMMENT.sub(lambda found: re.sub(rb"[^\r\n]", b" ", found.group()), text)
    return _TOKEN.sub(lambda found: found.group() if found.start() in sizes else _token(found.group(), names), bare)


def _token(token: bytes, names: Names) -> bytes:
    if _NETMASK.fullmatch(token) or (token.isdigit() and len(token) <= MAX_NUMBER):
        return token
    if all(part.lower() in WORDS for part in token.split(b".")):
        return token
    return names.host(token) if b"." in token else names.noise(token)

"""The first line of a stream captured from its middle. It may end a credential, so it is kept only where it plainly can't.

Otherwise its bytes are replaced by UNSURE, and a value that contains UNSURE is missing: no reader of the part can assemble a
password, and no half name is read.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from analyzer.flows.layout import ABSOLUTE, CONNECT, N_MESSAGES, ORIGIN, POOL_USED, TEXTS, Tables
from analyzer.flows.layout import ANSWER as ANSWER_HEAD
from analyzer.parts.needed import PAC

UNSURE: Final = b"\xff"

# What may stay: a host with its port, a few digits, a word of the fields that are read, the end of a user agent, a status line.
# Hosts without capitals: a JSON Web Token has dots too. IPv6 addresses with a bracket: a password may be hexadecimal digits and colons.
HOST: Final = re.compile(
    rb"[a-z0-9-]{0,63}(?:\.[a-z0-9-]{1,63})*\.[a-z]{2,24}(?::\d{1,5})?|[0-9.]{1,15}(?::\d{1,5})?|:\d{1,5}"
    rb"|\[[0-9a-f:.]{0,45}|\[?[0-9a-f:.]{0,45}\](?::\d{0,5})?"
)
NUMBER: Final = re.compile(rb"\d{1,6}|[0-9a-fA-F]{1,4}")
WORD: Final = re.compile(rb"[a-z-]{0,12}(?:hunked|lose|alive|gzip|tml|lain|ript|onfig)(?:; ?charset=[\w-]+)?", re.IGNORECASE)
# No credential has brackets, or both a dot and a slash: Base64 has no dots, a JSON Web Token no slashes.
AGENT: Final = re.compile(rb"[\w ./;:,()+-]*(?:\)[\w ./;:,()+-]*|[A-Za-z]/\d+(?:\.\d+)+|(?:(?:(?:l?i)?ke )?G?e)?cko)")
VERSION: Final = re.compile(rb"(?:H?TTP|TP|P)?/?[\d.]{1,4}", re.IGNORECASE)
ANSWER: Final = re.compile(
    rb"(?:H?T?T?P?/)?[\d.]{0,5} ?\d{0,3}(?: [A-Za-z ]{0,40})?|[\d. ]{1,8}|[A-Za-z ]{0,20}(?:nue|OK|ound|ied|ired|dden|hed|ror|way|out|est)",
    re.IGNORECASE,
)
# Where a head begins: without_secrets blanks the secrets in it.
BEGINS: Final = re.compile(
    rb"(?:GET|POST|HEAD|PUT|OPTIONS|CONNECT|DELETE|PATCH|TRACE|PROPFIND)(?: .*)?|HTTP/.*|HT{0,2}P?|CO?N{0,2}E?C?|GE?|POS?|HEA?",
    re.IGNORECASE,
)
STAYS: Final = (HOST, NUMBER, WORD, AGENT, VERSION, ANSWER)

# The rest of a request line: text before its last @ is user info, text behind one of these signs may be a query.
REQUEST: Final = re.compile(rb"(?:(?P<user>.*)@)?[^?=&#%]*(?P<query>[?=&#%].*)? HTTP/[\d.]{1,5}", re.IGNORECASE)
# The rest of a field name, and the scheme of a credential: both stay.
NAME: Final = re.compile(rb"[A-Za-z-]{0,40}[ \t]*:[ \t]*(?:(?:basic|digest|negotiate|ntlm|bearer|kerberos)[ \t]+)?", re.IGNORECASE)
CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]")
WHOLE_LINE: Final = re.compile(rb"[A-Za-z_-]{1,20} +\S+ +HTTP/[\d.]+", re.IGNORECASE)


def first_rest(payload: bytes) -> bytes:
    """The stream's first line if it may be the rest of a line; b"" where it is whole, begins a head, is no text, or is in a PAC file."""
    feed = payload.find(b"\n")
    line = payload[: len(payload) if feed < 0 else feed].rstrip(b"\r")
    if CONTROL.search(line) or WHOLE_LINE.fullmatch(line) or BEGINS.fullmatch(line) or PAC.search(payload):
        return b""
    return line


def unsure(line: bytes) -> bytes:
    """The line, or the rest of one, with UNSURE in place of everything that may be secret."""
    if any(one.fullmatch(line.strip()) for one in STAYS):
        return line
    request = REQUEST.fullmatch(line)
    if request:
        hidden = bytearray(line)
        for name in ("user", "query"):
            a, b = request.span(name)
            hidden[a:b] = UNSURE * (b - a)
        return bytes(hidden)
    name_end = found.end() if (found := NAME.match(line)) else 0
    if name_end and any(one.fullmatch(line[name_end:].strip()) for one in STAYS):
        return line
    return line[:name_end] + UNSURE * (len(line) - name_end)


def without_unsure(tables: Tables) -> None:
    """Set each text of an HTTP head that contains UNSURE to missing."""
    places = np.flatnonzero(tables.pool[: int(tables.counts[POOL_USED])] == UNSURE[0])
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    if not len(places):
        return
    heads = np.flatnonzero(np.isin(messages["kind"], (CONNECT, ABSOLUTE, ORIGIN, ANSWER_HEAD)))
    for text in TEXTS:
        at, size = messages[f"{text}_at"][heads], messages[f"{text}_size"][heads].astype(np.int64)
        holds = (size > 0) & (np.searchsorted(places, at + size) > np.searchsorted(places, at))
        messages[f"{text}_size"][heads[holds]] = -1

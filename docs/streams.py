"""docs/streams.md: what a stream is expected to hold next, drawn from the table that the program goes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.readers import states
from analyzer.readers.states import (
    AFTER_HELLO,
    CERTIFICATE,
    CHUNK,
    DNS,
    DONE,
    FOUND_GAP,
    FOUND_NOTHING,
    HEAD,
    SCAN,
    SOCKS5_ANSWERING,
    SOCKS5_ASKING,
    START,
    TRAILER,
)
from analyzer.streams.transitions import EXPECTED, NEXT
from docs.tables import table

STATES: Final = {
    START: ("START", "the stream's first bytes: a PROXY header, SOCKS, DNS, or a head"),
    HEAD: ("HEAD", "an HTTP head, or a TLS record"),
    CHUNK: ("CHUNK", "a chunk of a body, by its size line"),
    TRAILER: ("TRAILER", "the lines behind the last chunk"),
    SOCKS5_ASKING: ("SOCKS5_ASKING", "of a client: its credentials, or its request"),
    SOCKS5_ANSWERING: ("SOCKS5_ANSWERING", "of a server: its verdict on the credentials, or its answer"),
    CERTIFICATE: ("CERTIFICATE", "behind a ServerHello of TLS 1.2 or older: the certificate"),
    AFTER_HELLO: ("AFTER_HELLO", "behind a ClientHello: an alert, or the client goes on"),
    DNS: ("DNS", "a DNS message behind its length"),
    SCAN: ("SCAN", "bytes of no known kind, among which a head may begin"),
    DONE: ("DONE", "nothing: all behind is encrypted"),
}
NAMES: Final = ("SOCKS4", "SOCKS5", "DNS", "CONNECT", "HEAD", "PROXY")
FOUND: Final = {
    value: " ".join(word if word in NAMES else word.lower() for word in name.removeprefix("FOUND_").split("_"))
    for name, value in vars(states).items()
    if name.startswith("FOUND_")
}
ALWAYS: Final = (FOUND_NOTHING, FOUND_GAP)

ABOUT: Final = """
`analyzer/streams/` reads each direction of a connection from its first byte on. Each side has a state: what is expected next.
`dispatch.py` calls the reader for this state (`analyzer/readers/`). What the reader finds decides the next state: `NEXT` in
`analyzer/streams/transitions.py`, the only place where a state changes. A body of known length is skipped together with its head.

From every state, bytes that weren't captured lead to SCAN, and so do bytes of no known kind; only in CERTIFICATE these end the
reading of their side.
"""


def streams_page(written: str) -> str:
    """docs/streams.md. written: the comment that says where the page comes from."""
    rows = ([name, words, "; ".join(leads_to(state))] for state, (name, words) in STATES.items())
    lines = ["# What a stream holds next", "", written, ABOUT.rstrip(), ""]
    lines += [*table(("state", "what is expected", "what is found → the next state"), rows), "", "```mermaid", "stateDiagram-v2"]
    return "\n".join([*lines, "    [*] --> START", *diagram(), "    DONE --> [*]", "```"]) + "\n"


def leads_to(state: int) -> Iterator[str]:
    """Each message that can be found in a state, with the next state."""
    for found in EXPECTED[state]:
        if found not in ALWAYS or state == CERTIFICATE:
            yield f"{FOUND[found]} → {STATES[NEXT[found]][0]}"


def diagram() -> Iterator[str]:
    """Each transition from one state to another, with the messages that cause it."""
    for state, expected in EXPECTED.items():
        for to in dict.fromkeys(NEXT[found] for found in expected if found not in ALWAYS):
            words = ", ".join(FOUND[found] for found in expected if NEXT[found] == to and found not in ALWAYS)
            yield f"    {STATES[state][0]} --> {STATES[to][0]}: {words}"

"""Types of the Client Analyzer's results in a study document. Its rules are those of analyzer/studies/document.py."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # typing's own isn't read by pydantic before Python 3.12

Agreement = Literal["agrees", "disagrees", "can't tell"]
"""Whether the capture agrees with a statement of the Client Analyzer."""

Result = Literal["succeeded", "failed", "absent", "unknown"]
"""of one line of the Client Analyzer; absent: "Doesn't exist", there is nothing to try"""


class AnalyzerLine(TypedDict):
    """One method that the Client Analyzer tried, for a URL or for a group of them.

    number   1 default proxy, 2 proxy auto discovery, 3 no proxy, 4 named proxy, 5 command line proxy; "4.1" is kept as written
    proxy    the one named in the line
    code     HTTP status or WinHTTP error; meaning: its name
    agreement why flows   from the comparison with the capture
    """

    number: str
    name: str
    proxy: str | None
    result: Result
    code: int | None
    meaning: str | None
    text: str
    agreement: Agreement
    why: str
    flows: list[str]


class AnalyzerUrl(TypedDict):
    """One URL that it tested; reachable: by its own rule, at least one line with 200, 400 or 404, or "Succeeded (405)"."""

    url: str
    host: str | None
    group: str | None
    service: str | None
    reachable: bool
    lines: list[AnalyzerLine]


class AnalyzerGroup(TypedDict):
    """URLs of one purpose (CnC, Cyber, AutoIR, SampleUpload, MdeConfigMgr, MAPS, CTLDL, Settings, Events, OneDs), null: unknown."""

    group: str | None
    pinned: bool | None
    urls: int
    reachable: int
    lines: list[AnalyzerLine]


class AnalyzerMethod(TypedDict):
    """`Proxy config: Method=…, address=…`: the proxy that the sensor found. method: one of ours, null where the word is unknown."""

    word: str
    method: str | None
    address: str | None
    agreement: Agreement
    why: str
    flows: list[str]


class AnalyzerEvent(TypedDict):
    """A finding of the analyzer, in its words; severity null where it isn't error, warning or information."""

    id: str
    severity: Literal["error", "warning", "information"] | None
    check: str | None
    text: str


class ClientAnalyzer(TypedDict):
    """The Client Analyzer's results compared with the capture.

    path files   the path that the study names, and the files read from it
    facts        further facts (displayName → value)
    unknown      lines that look like the analyzer's and couldn't be read, as written
    """

    path: str
    files: list[str]
    proxy_config: AnalyzerMethod | None
    urls: list[AnalyzerUrl]
    groups: list[AnalyzerGroup]
    events: list[AnalyzerEvent]
    facts: dict[str, str]
    unknown: list[str]
    agreed: int
    disagreed: int
    untold: int
    conclusion: str

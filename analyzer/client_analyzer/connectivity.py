"""The analyzer's connectivity text: the proxy that the sensor found, and each URL with the five methods that were tried.

Words are kept as written: an unknown method, outcome (in another language) or code is `unknown`, never dropped. Windows writes error
messages in its own language, so only their numbers are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from analyzer.client_analyzer.document import Result

_CONFIG: Final = re.compile(r"\s*Proxy config\s*:\s*Method\s*=\s*(?P<method>[^,]*?)\s*,\s*address\s*=\s*(?P<address>\S*)\s*", re.IGNORECASE)
_URL: Final = re.compile(r"\s*Testing URL\s*:\s*(?P<url>\S+)(?:\s+(?P<pin>NoPinning))?\s*", re.IGNORECASE)
_LINE: Final = re.compile(
    r"\s*(?P<number>\d{1,2}(?:\.\d{1,2})?)\s*-\s*"
    r"(?P<name>Proxy auto discovery \(WPAD\)|[^:(]+?)\s*(?:\(\s*(?P<proxy>[^)]*?)\s*\))?\s*:\s*(?P<outcome>.*?)\s*",
    re.IGNORECASE,
)
_SUCCEEDED: Final = re.compile(r"Succeeded\s*\((?P<code>\d+)\).*", re.IGNORECASE)
_FAILED: Final = re.compile(r"Failed\s*\((?P<code>-?\d+)(?:\s*:.*)?\).*|Failed\b.*", re.IGNORECASE | re.DOTALL)
_ABSENT: Final = re.compile(r"Doesn.?t exist\.?", re.IGNORECASE)
_THROWN: Final = re.compile(r"Unexpected exception was thrown.*", re.IGNORECASE)
_ANY_CODE: Final = re.compile(r"[^()]*\((?P<code>-?\d{1,11})\b.*", re.DOTALL)
_MDATP: Final = re.compile(r"\s*Testing connection with (?P<url>\S+?)\s*\.\.\.\s*\[(?P<outcome>[^\]]+)\]\s*", re.IGNORECASE)
_REASON: Final = re.compile(
    r"\s*(?P<reason>Expected a \d+ response from proxy, received:?\s*(?P<status>\d{3})\b.*"
    r"|(?:(?:Details|Reason|Error)\s*:\s*)?curl error:?\s*\(?\d+.*|Failed to .*|.*\btimed? ?out\b.*)",
    re.IGNORECASE,
)
"""The line below a failed line of mdatp's. The first form is cpprestsdk's, where a proxy answers CONNECT with anything but 200."""

_LIKE_ITS_OWN: Final = re.compile(r"\s*(?:Testing connection\b|Testing URL\b|Proxy config\b|\d{1,2}(?:\.\d{1,2})?\s*-\s)", re.IGNORECASE)

# The script's own rule (ValidateURLs): any of the lines below a URL.
_REACHABLE: Final = re.compile(r"\((?:200|400|404)\b|Succeeded \(405\)")

MOST_LETTERS: Final = 2_000
"""Characters of a line. The longest real lines are error messages of a few hundred; longer ones aren't the analyzer's."""

SHOWN_OF_LONG: Final = 200

MOST_URLS: Final = 1_000
"""URLs of one text: a region has about 20, all regions together about 100."""

MDATP_TEST: Final = "mdatp connectivity test"


@dataclass(frozen=True)
class Tried:
    """One method's line.

    number name proxy   as written; text: the outcome as written
    """

    number: str
    name: str
    proxy: str | None
    result: Result
    code: int | None
    text: str


@dataclass
class TestedUrl:
    """One URL; pinned: False where the line says NoPinning, else None (unknown)."""

    url: str
    pinned: bool | None = None
    tried: list[Tried] = field(default_factory=list)

    __test__ = False  # no test of pytest's

    @property
    def reachable(self) -> bool:
        """Whether the URL was reached: by the script's own rule, or mdatp's test says OK."""
        return any(_REACHABLE.search(line.text) or line.result == "succeeded" for line in self.tried)


@dataclass
class Connectivity:
    """The facts of one text.

    method address   of `Proxy config`; method is None without such a line, address is None where the line gives none
    unknown          lines that begin like the analyzer's or mdatp's and that no rule reads, as written; long ones shortened, at most
                     MOST_URLS
    """

    method: str | None = None
    address: str | None = None
    urls: list[TestedUrl] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def read_connectivity(text: str) -> Connectivity:
    """The text's facts about connectivity; empty where it has none."""
    found = Connectivity()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if len(line) > MOST_LETTERS:
            if _LIKE_ITS_OWN.match(line):
                found.unknown.append(f"{line.strip()[:SHOWN_OF_LONG]}…")
        elif config := _CONFIG.fullmatch(line):
            if found.method is None:
                found.method, found.address = config["method"], config["address"] or None
        elif url := _URL.fullmatch(line):
            found.urls.append(TestedUrl(url["url"], False if url["pin"] else None))
        elif mdatp := _MDATP.fullmatch(line):
            found.urls.append(TestedUrl(mdatp["url"], None, [_tried_by_mdatp(mdatp["outcome"].strip(), lines[number + 1 : number + 2])]))
        elif found.urls and (tried := _LINE.fullmatch(line)):
            found.urls[-1].tried.append(_tried(tried, lines[number + 1 : number + 2]))
        elif _LIKE_ITS_OWN.match(line):
            found.unknown.append(line.strip())
    del found.urls[MOST_URLS:], found.unknown[MOST_URLS:]
    return found


def _tried_by_mdatp(outcome: str, follows: Sequence[str]) -> Tried:
    """One result of mdatp's own test of a URL: OK, or failed with the reason from the line below."""
    if outcome.upper() == "OK":
        return Tried("", MDATP_TEST, None, "succeeded", None, outcome)
    reason = _REASON.fullmatch(follows[0]) if follows and len(follows[0]) <= MOST_LETTERS else None
    if reason is None:
        return Tried("", MDATP_TEST, None, "failed", None, outcome)
    code = int(reason["status"]) if reason["status"] else None
    return Tried("", MDATP_TEST, None, "failed", code, f"{outcome}: {reason['reason'].strip()}")


def lines_of(text: str) -> list[str]:
    """The lines of a text without those too long to be the analyzer's."""
    return [line for line in text.splitlines() if len(line) <= MOST_LETTERS]


def _tried(line: re.Match[str], follows: Sequence[str]) -> Tried:
    """The line's result; an outcome printed on the next line (the program prints a line in several writes) is taken from there."""
    outcome = line["outcome"]
    if not outcome and follows and not (_LINE.fullmatch(follows[0]) or _URL.fullmatch(follows[0])):
        outcome = follows[0].strip()
    result, code = outcome_of(outcome)
    return Tried(line["number"], line["name"], line["proxy"] or None, result, code, outcome)


def outcome_of(text: str) -> tuple[Result, int | None]:
    """(result, code) of an outcome; a number in brackets is kept even where the words are unknown."""
    if succeeded := _SUCCEEDED.fullmatch(text):
        return "succeeded", int(succeeded["code"])
    if failed := _FAILED.fullmatch(text):
        return "failed", int(failed["code"]) if failed["code"] else None
    if _ABSENT.fullmatch(text):
        return "absent", None
    if _THROWN.fullmatch(text):
        return "failed", None
    other = _ANY_CODE.fullmatch(text)
    return "unknown", int(other["code"]) if other else None

"""The analyzer's other facts: findings with ids, proxy settings it read, plain connections to the hosts of push notifications.

The times of its lines end in Z but are local (PowerShell's "u" format doesn't convert), so they aren't read.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from xml.etree import ElementTree

from analyzer.client_analyzer.connectivity import lines_of
from analyzer.client_analyzer.document import AnalyzerEvent
from analyzer.errors import Unusable

Severity = Literal["error", "warning", "information"]

_EVENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \[(?P<severity>[^\]]+)\] (?P<check>.+?) (?P<id>\d{6}): (?P<text>.*)")
_WORDS: Final[dict[str, Severity]] = {"error": "error", "warning": "warning", "informational": "information", "information": "information"}
_BY_DIGIT: Final[dict[str, Severity]] = {"0": "information", "1": "warning", "2": "error"}
_SETTING: Final = re.compile(
    r"\s*(?P<name>The detected proxy settings? in .+? are|ProxyEnable is set to|Proxy setting detected via bitsadmin"
    r"|Optional PreferStaticProxyForHttpRequest setting is)\s*:\s*(?P<value>.*?)\s*",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(
    r"\s*(?P<how>Successfully connected|Could not connect) to Host: (?P<host>\S+) on Port: (?P<port>\d+)\s*", re.IGNORECASE
)
_ISSUER: Final = re.compile(r"\s*The (?P<which>cert|root) issuer for (?P<url>\S+) is\s*:\s*(?P<issuer>.*?)\s*", re.IGNORECASE)
_FETCHED: Final = re.compile(
    r"\s*(?:StatusCode for (?P<url>\S+) IS : (?P<status>\S+)|Exception occurred for (?P<failed>\S+) :(?P<why>.*))\s*"
)
_TAG: Final = re.compile(r"<[^>]*>")
_DECLARES: Final = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)

MOST_FACTS: Final = 500
"""A real report has about 60 facts."""


def events_in_text(text: str) -> list[AnalyzerEvent]:
    """The findings in the text; a severity in another word is read from the id's third digit, as the analyzer's style sheet does."""
    found: list[AnalyzerEvent] = []
    for line in lines_of(text):
        if match := _EVENT.fullmatch(line.strip()):
            found.append(
                {"id": match["id"], "severity": _severity(match["severity"], match["id"]), "check": match["check"], "text": match["text"]}
            )
    return found


def facts_in_text(text: str) -> dict[str, str]:
    """Proxy settings, certificate issuers, and plain connections, as name → value."""
    facts: dict[str, str] = {}
    lines = lines_of(text)
    for number, line in enumerate(lines):
        if setting := _SETTING.fullmatch(line):
            facts.setdefault(setting["name"], setting["value"])
        elif plain := _PLAIN.fullmatch(line):
            connected = plain["how"].lower().startswith("success")
            facts[f"{plain['host']}:{plain['port']} without a proxy"] = "connected" if connected else "not connected"
        elif issuer := _ISSUER.fullmatch(line):
            follows = lines[number + 1].strip() if number + 1 < len(lines) else ""
            facts[f"{issuer['which']} issuer for {issuer['url']}"] = issuer["issuer"] or follows
        elif fetched := _FETCHED.fullmatch(line):
            facts[fetched["url"] or fetched["failed"]] = fetched["status"] or fetched["why"].strip()
    return dict(list(facts.items())[:MOST_FACTS])


def read_xml(text: str, where: str) -> tuple[list[AnalyzerEvent], dict[str, str]]:
    """Findings and facts of the XML report (root MDEResults, or mdatp on Linux and macOS).

    Errors  Unusable: it declares a document type or entities, which the analyzer never does, or is no XML
    """
    if _DECLARES.search(text):
        raise Unusable("declares a document type or entities", where, "don't trust this file: the Client Analyzer doesn't write any")
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff \r\n\t"))
    except (ElementTree.ParseError, ValueError) as error:
        raise Unusable(f"no XML ({error})", where, "copy it again, or leave it out: the text has the connectivity") from error
    events: list[AnalyzerEvent] = []
    facts: dict[str, str] = {}
    for element in root.iter():
        if element.tag == "event":
            events.append(_event(element))
        elif element.get("displayName") is not None and element.find("value") is not None:
            facts.setdefault(str(element.get("displayName")), (element.findtext("value") or "").strip())
    return events, dict(list(facts.items())[:MOST_FACTS])


def _event(element: ElementTree.Element) -> AnalyzerEvent:
    number = element.get("id") or ""
    text = " ".join(part for part in (_plain(element.findtext("checkresult")), _plain(element.findtext("guidance"))) if part)
    return {
        "id": number,
        "severity": _severity(element.findtext("severity") or "", number),
        "check": element.findtext("check"),
        "text": text,
    }


def _plain(text: str | None) -> str:
    """The text without the report's markup."""
    return " ".join(_TAG.sub(" ", text or "").split())


def _severity(word: str, number: str) -> Severity | None:
    return _WORDS.get(word.strip().lower()) or (_BY_DIGIT.get(number[2:3]) if len(number) == 6 else None)

"""The analyzer's results, merged from all of its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from analyzer.client_analyzer.connectivity import Connectivity, read_connectivity
from analyzer.client_analyzer.document import AnalyzerEvent
from analyzer.client_analyzer.package import read_results
from analyzer.client_analyzer.remarks import events_in_text, facts_in_text, read_xml
from analyzer.errors import Unusable


@dataclass
class Results:
    """The Client Analyzer's results.

    path files     the given path, and the files read from it
    connectivity   of the first file that has any
    events facts   of all files, each once
    """

    path: str
    files: list[str] = field(default_factory=list)
    connectivity: Connectivity = field(default_factory=Connectivity)
    events: list[AnalyzerEvent] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


def load_results(path: str | Path) -> Results:
    """The results in a package, folder or file.

    Errors  Unusable: it can't be read, or holds nothing of the analyzer's
    """
    results = Results(str(path))
    events: dict[tuple[str, str], AnalyzerEvent] = {}
    for file in read_results(path):
        results.files.append(file.name)
        if file.text.lstrip("\ufeff \r\n\t").startswith("<"):
            own, facts = read_xml(file.text, f"{path}: {file.name}")
        else:
            own, facts = events_in_text(file.text), facts_in_text(file.text)
            found = read_connectivity(file.text)
            current = results.connectivity
            if found.urls and not current.urls:
                found.method, found.address = (found.method, found.address) if found.method else (current.method, current.address)
                results.connectivity = found
            elif found.method and not current.method:
                current.method, current.address = found.method, found.address
        events |= {(event["id"], event["text"]): event for event in own if (event["id"], event["text"]) not in events}
        results.facts = facts | results.facts
    results.events = list(events.values())
    known = results.connectivity
    if not known.urls and known.method is None and not results.events and not results.facts:
        raise Unusable(
            "nothing in it is the Client Analyzer's", str(path), "name the zip package, the unpacked folder or MDEClientAnalyzer.txt"
        )
    return results

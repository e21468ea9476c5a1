"""The catalogue in words and as plain rows, for `whichproxy services`."""

from __future__ import annotations

import re
from typing import Any, Final

from analyzer.services.catalogue import Catalogue
from analyzer.services.match import lookalike, match_host
from analyzer.services.rules import OWN, PLATFORM, SHARED, ContextHost, Rule

# RFC 3986 3: scheme, userinfo, host and port, path; a query or fragment is of no use here
_ASKED = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#]*)([^?#]*)(?:[?#].*)?", re.DOTALL)


MEANINGS: Final = {
    OWN: "only Defender asks for this host",
    PLATFORM: "Windows, Azure or a browser ask for it too: it names the service and never proves Defender",
    SHARED: "other products ask for it too: it never sets a service",
}


def explain(catalogue: Catalogue, asked: str) -> str:
    """Lines with a host's service and its rule: pattern, evidence, source, date.

    asked  a host name, "host/path", or a URL. Characters that could act on a terminal are shown as escapes.
    """
    host, path = _host_and_path(asked)
    match = match_host(catalogue, host, path)
    lines = [f"{asked}: {match.service or 'no Defender service'}"]
    facts = {
        "group": match.group,
        "evidence": match.evidence and f"{match.evidence}, {MEANINGS[match.evidence]}",
        "also": ", ".join(match.also),
        "possible": match.possible,
        "plane": match.plane or "the host doesn't tell",
        "why": match.why,
    }
    lines += [f"  {name}: {value}" for name, value in facts.items() if value]
    lines += [f"  {line}" for row in (match.decided_by, match.possible_by) if row for line in _rule_lines(row)]
    if match.context and not match.decided_by:
        lines.append(f"  context: {match.context.host}; {_origin(match.context)}")
    looks_like = lookalike(catalogue, host)
    if looks_like:
        lines.append(f"  looks like: {looks_like.service}, but no rule knows it ({looks_like.pattern}: {looks_like.why or 'by its shape'})")
    return "\n".join(_shown(line) for line in lines)


def rule_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every rule as plain data, in file order; keys are the fields of Rule, lists as lists, missing None."""
    return [{key: list(value) if isinstance(value, tuple) else value for key, value in rule._asdict().items()} for rule in catalogue.rules]


def _host_and_path(asked: str) -> tuple[str, str | None]:
    """Host (with its port) and path of a host name, "host/path" or URL. Nothing is stripped; urllib would strip newlines."""
    found = _ASKED.fullmatch(asked)
    return (found[1], found[2] or None) if found else (asked, None)


def _rule_lines(rule: Rule) -> list[str]:
    path = f"path {rule.url_path}" if rule.evidence == "path" else ""
    lines = [f"rule: {rule.pattern} ({path or rule.evidence}); {_origin(rule)}"]
    if rule.published_name:
        lists = f"{rule.category}; {', '.join(rule.cloud)}; {rule.geo}; {', '.join(rule.connectivity_model)}"
        lines.append(f"published as: {rule.published_name} ({lists})")
    if rule.notes:
        lines.append(f"notes: {rule.notes}")
    return lines


def _origin(row: Rule | ContextHost) -> str:
    own_file = f" in {row.catalogue}" if isinstance(row, Rule) and row.catalogue else ""
    date = "no date given" if row.date is None else f"{'undated, read' if row.date_is == 'read' else 'text of'} {row.date}"
    return f"source: {row.source or 'none given'}{own_file}, {date}"


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)

"""A page for the team that runs a proxy: Defender's hosts that it refused, challenged or opened, packets, lists, and a check of the change.

Markdown, a file for each proxy with complaints; all contents come from the verdict and from the lists.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import Unusable
from analyzer.report.expectation import expectation_file
from analyzer.report.markdown import table
from analyzer.services.permits import Permit
from analyzer.text.files import write_whole
from analyzer.text.inert import markdown
from analyzer.text.labels import ProxyLabel
from analyzer.text.times import to_the_second, zone_name
from analyzer.text.words import counted
from analyzer.verdict.complaints import KINDS, Complaint

if TYPE_CHECKING:
    from analyzer.pipeline import Reading

SAYS = {
    "refused": "The proxy answered that these hosts aren't allowed.",
    "challenged": "The proxy asked for credentials or refused them. Defender connects as the operating system, without a user's.",
    "opened": "The proxy made TLS connections of its own to these hosts. Defender doesn't support that.",
    "TLS broke": "Let through, and TLS inside broke off: what happens where a proxy opens TLS, or revocation lists are out of reach.",
    "failed": "The proxy answered with an error.",
    "no answer": "No answer came, or nothing more behind the one that let the client through.",
}


def write_tickets(folder: str | Path, reading: Reading, verdict: Mapping[str, Any], inputs: Sequence[str]) -> list[tuple[Path, str]]:
    """The files written, each with its title. Errors: Unusable, the folder can't be made or written to."""
    from analyzer.verdict.complaints import complaints_of
    from analyzer.verdict.evidence import evidence_of
    from analyzer.verdict.permits import permits_of, unopened_of

    assert reading.topology is not None and reading.catalogue is not None
    evidence = evidence_of(reading.flows, reading.topology)
    complaints = complaints_of(evidence, reading.catalogue)
    allow, unopened = permits_of(evidence, reading.catalogue), unopened_of(evidence, reading.catalogue)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"can't be made: {error.strerror or error}", str(folder), "name a folder that you may write to") from error
    made = []
    for proxy, those in complaints.items():
        label = ProxyLabel(proxy, *evidence.proxy_names[proxy])
        page = ticket(label, those, allow.get(proxy, ()), unopened.get(proxy, ()), verdict, inputs)
        path = Path(folder) / f"{file_name(label)}.md"
        write_whole(path, [page.encode("utf-8")])
        made.append((path, f"{label.short}: {_summary(those)}"))
    return made


def file_name(label: ProxyLabel) -> str:
    """Name and address in letters, digits and hyphens: a topology may contain any characters."""
    return re.sub(r"[^A-Za-z0-9]+", "-", " ".join(filter(None, (label.name, label.proxy)))).strip("-")


def ticket(
    label: ProxyLabel,
    complaints: Sequence[Complaint],
    allow: Sequence[Permit],
    unopened: Sequence[Permit],
    verdict: Mapping[str, Any],
    inputs: Sequence[str],
) -> str:
    """The page of one proxy. complaints: its own, by kind."""
    findings = [one for one in verdict["findings"] if one["proxy"] == label.proxy]
    settings = {(s["name"], s["source"]): s for finding in findings for s in finding.get("settings", ()) if s["system"] == "proxy"}
    blocks = [f"# {markdown(str(label))}: what to change for Microsoft Defender for Endpoint", f"{markdown(_summary(complaints))}."]
    start, end = verdict["window"]
    blocks.append(
        f"Seen at the gateway from {to_the_second(start) or '?'} to {to_the_second(end) or '?'} ({zone_name()}), address {label.proxy}."
    )
    for kind, those in groupby(complaints, key=lambda one: one.kind):
        blocks += [f"## {kind[:1].upper()}{kind[1:]}", SAYS[kind], _rows(those)]
    if settings:
        blocks.append("## What to change")
        blocks.append(
            "\n".join(
                f"- **{markdown(s['name'])}**: {markdown(s['change'])}. {markdown(s['why'])} Source: {markdown(s['source'])} ({s['date']})"
                for s in settings.values()
            )
        )
    blocks += ["## The packets", f"```sh\n{_slice(label, inputs)}\n```"]
    blocks += _list("Let through", "without asking for credentials, on these ports", allow, ports=True)
    if any(one.kind in ("opened", "TLS broke") for one in complaints):
        blocks += _list("Don't open", "only these, which only Defender asks for", unopened, ports=False)
    expect = _together([finding["expect"] for finding in findings if finding.get("expect")])
    if expect:
        blocks += ["## Afterwards", "A new capture must meet this (`whichproxy report NEXT.pcapng --expect FILE`):"]
        blocks.append(f"```toml\n{expectation_file(expect)}```")
    return "\n\n".join(blocks) + "\n"


def _summary(complaints: Sequence[Complaint]) -> str:
    """`40 requests challenged, 2 refused`."""
    parts = [(sum(one.requests for one in complaints if one.kind == kind), kind) for kind in KINDS]
    words = {"TLS broke": "let through until TLS broke", "no answer": "not answered"}
    phrases = [f"{counted(n, 'request')} {words.get(kind, kind)}" for n, kind in parts if n]
    return f"{', '.join(phrases)} for {counted(len({one.host for one in complaints}), 'host')} of Defender's services"


def _rows(complaints: Iterable[Complaint]) -> str:
    columns = ["Host", "Port", "Requests", "Answers", "First", "Last", "Service", "Sources"]
    rows = [
        [
            markdown(one.host),
            str(one.port),
            f"{one.requests:,}",
            markdown(one.answers),
            to_the_second(one.first) or "",
            to_the_second(one.last) or "",
            markdown(one.service),
            f"{one.sources:,}",
        ]
        for one in complaints
    ]
    return table(columns, rows, right=("Port", "Requests", "Sources"))


def _slice(label: ProxyLabel, inputs: Sequence[str]) -> str:
    """The command that cuts out this proxy's packets; file names are quoted for the shell and safe in Markdown."""
    named = " ".join(shlex.quote(one) if one.isprintable() and "`" not in one else "CAPTURE" for one in inputs)
    return f"whichproxy slice {named} --proxy {label.proxy} -o {file_name(label)}.pcapng"


def _list(title: str, how: str, permits: Sequence[Permit], ports: bool) -> list[str]:
    """The list as plain text; patterns are host names, so that none can end the block."""
    lines = [f"{permit.pattern}{' ' + ' '.join(map(str, permit.ports)) if ports else ''}" for permit in permits]
    return [f"## {title}", f"{counted(len(lines), 'entry', 'entries')}, {how}:", "```text\n" + "\n".join(lines) + "\n```"] if lines else []


def _together(expectations: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """One table of all: on a conflict about a service, the first entry stays."""
    found: dict[str, dict[str, Any]] = {}
    for expect in expectations:
        for key, entries in expect.items():
            found[key] = {**entries, **found.get(key, {})}
    return found

"""A PAC file's result for each of Defender's hosts, compared with the capture: as configured, differs, or not requested."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from analyzer.errors import Unusable
from analyzer.pac.engine import Answer, Question, answers_of
from analyzer.routes.requests import NO_TIME
from analyzer.routes.route import DIRECT
from analyzer.routes.topology import Topology
from analyzer.services.required import required_rules
from analyzer.text.times import rows
from analyzer.verdict.devices import devices_of
from analyzer.verdict.evidence import Evidence, evidence_of, grouped
from analyzer.verdict.system import systems_of

if TYPE_CHECKING:
    from analyzer.pipeline import Reading

CAPTURED: Final = "captured"
"""In place of a file's name: the files that clients fetched in the capture."""

MAX_FILE: Final = 1 << 20
MAX_SOURCES: Final = 200
"""A file that reads the client's address is run for each source, up to this many."""

CLOCK: Final = "the client's time zone (--tz)"
CHANGES: Final = "a time that passes within the capture"
"""Listed among the unknowns where a file reads the clock."""

AS_CONFIGURED, DIFFERS, NOT_ASKED = "as-configured", "differs", "not-asked"
PAST_THE_PROXIES: Final = "direct"
_WAY: Final = re.compile(r"^(PROXY|HTTPS?|SOCKS[45]?|QUIC)\s+(\[[0-9A-Fa-f:.]+\]|[^\s:;]+)(?::(\d{1,5}))?$", re.IGNORECASE)
_PORTS: Final = {"PROXY": 80, "HTTP": 80, "HTTPS": 443, "SOCKS": 1080, "SOCKS4": 1080, "SOCKS5": 1080, "QUIC": 443}


class PacText(NamedTuple):
    """A PAC file: its origin, its text, and the clients that fetched it (None: every source)."""

    name: str
    text: str
    clients: frozenset[str] | None = None


def pac_files(given: Iterable[str], reading: Reading) -> list[PacText]:
    """The named files; for "captured", those that clients fetched.

    Errors  Unusable: a file can't be read, is no PAC file, or none was captured
    """
    found: list[PacText] = []
    for name in given:
        found += _captured(reading) if name == CAPTURED else [_read(name)]
    return found


def _read(path: str) -> PacText:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Unusable(error.strerror or "can't be read", path, "name a PAC file with --pac, or write --pac captured") from error
    if len(content) > MAX_FILE:
        raise Unusable("is larger than any browser takes (1 MB)", path, "name a PAC file with --pac")
    text = content.decode("utf-8-sig", "replace")
    if "FindProxyForURL" not in text:
        raise Unusable("has no function FindProxyForURL", path, "name a PAC file with --pac")
    return PacText(path, text)


def _captured(reading: Reading) -> list[PacText]:
    by_text: dict[str, tuple[str, set[str]]] = {}
    for one in reading.discoveries:
        for text in one.texts:
            name = next(iter(one.fetched), "a fetched PAC file")
            by_text.setdefault(text, (name, set()))[1].add(one.client_ip)
    if not by_text:
        raise Unusable("no PAC file's text was captured", "--pac captured", "give the file itself: --pac FILE")
    return [PacText(name, text, frozenset(clients)) for text, (name, clients) in by_text.items()]


def pac_rows(reading: Reading, files: Sequence[PacText], zone: str | None = None) -> list[dict[str, Any]]:
    """The document's `pac`: one row for each file, host and answer, with all sources it applies to.

    zone   of the clients' clocks; None: unknown, and results that depend on the clock aren't compared
    """
    assert reading.topology is not None and reading.catalogue is not None
    evidence = evidence_of(reading.flows, reading.topology)
    done = _done(evidence, reading)
    addresses = _addresses(reading)
    names = _names(addresses)
    firsts = evidence.first[evidence.first != NO_TIME]
    lasts = evidence.last[evidence.last != NO_TIME]
    now_ms = int(firsts.min()) // 1_000_000 if len(firsts) else 0
    end_ms = int(lasts.max()) // 1_000_000 if len(lasts) else now_ms
    made: list[dict[str, Any]] = []
    for file in files:
        wanted = {key: ways for key, ways in done.items() if file.clients is None or key[0] in file.clients}
        given = {"addresses": addresses, "zone": zone or "UTC"}
        answers = _asked(file.text, sorted(wanted), evidence, now_ms=now_ms, **given)
        if any(answer.by_clock for answer in answers.values()):
            later = _asked(file.text, sorted(wanted), evidence, now_ms=end_ms, **given) if zone else answers
            answers = {key: _by_clock(answer, later.get(key, answer), zone) for key, answer in answers.items()}
        digest = hashlib.sha256(file.text.encode("utf-8", "surrogatepass")).hexdigest()
        together: dict[tuple[Any, ...], list[str]] = {}
        for (client, host, service), answer in answers.items():
            ways = wanted[client, host, service]
            together.setdefault((host, service, answer, ways, _state(answer, ways, names, reading.topology)), []).append(client)
        made += [_row(file.name, digest, key, clients) for key, clients in sorted(together.items(), key=lambda item: str(item[0][:2]))]
    return made


Done = dict[tuple[str, str, str], tuple[str, ...]]
"""(source, host, service) → the ways it was requested, most frequent first: ip:port of proxies, "direct"; empty: not requested."""


def _done(evidence: Evidence, reading: Reading) -> Done:
    assert reading.catalogue is not None
    counts: dict[tuple[str, str, str], dict[str, int]] = {}

    def count(client: int, host: str, service: str, way: str, n: int) -> None:
        ways = counts.setdefault((evidence.client.values[client], host, service), {})
        ways[way] = ways.get(way, 0) + n

    row = evidence.requests.row
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes >= 0) & (evidence.request_host.codes >= 0))
    keys = (evidence.client.codes[row], evidence.request_host.codes, evidence.request_service.codes, evidence.proxy.codes[row])
    for (client, host, service, proxy), those in grouped(asked, *keys):
        if client >= 0 and proxy >= 0:
            name, slug = evidence.request_host.values[host], evidence.service.values[service]
            count(client, name, slug, evidence.proxy.values[proxy], len(those))
    direct = np.flatnonzero((evidence.route == DIRECT) & (evidence.service.codes >= 0) & (evidence.host.codes >= 0))
    for (client, host, service), those in grouped(direct, evidence.client.codes, evidence.host.codes, evidence.service.codes):
        if client >= 0:
            count(client, evidence.host.values[host], evidence.service.values[service], PAST_THE_PROXIES, len(those))
    found: Done = {key: tuple(sorted(ways, key=lambda way: (-ways[way], way))) for key, ways in counts.items()}
    for client, device in devices_of(evidence, reading.catalogue, systems_of(evidence, reading.catalogue)).items():
        for rule in required_rules(reading.catalogue, device):
            if not rule.is_wildcard and not rule.is_regional:
                found.setdefault((evidence.client.values[client], rule.pattern, rule.service), ())
    return found


def _asked(text: str, wanted: Sequence[tuple[str, str, str]], evidence: Evidence, **given: Any) -> dict[tuple[str, str, str], Answer]:
    """The file's result for each; a file that doesn't read the client's address is run once for each host."""
    hosts = list(dict.fromkeys(host for _, host, _ in wanted))
    first = next((client for client, _, _ in wanted), "")
    of_host = dict(zip(hosts, answers_of(text, [_question(host, first) for host in hosts], **given), strict=True))
    if not any(answer.by_ip for answer in of_host.values()):
        return {key: of_host[key[1]] for key in wanted}
    sources = list(dict.fromkeys(client for client, _, _ in wanted))[:MAX_SOURCES]
    each = [(client, host) for client, host in dict.fromkeys((client, host) for client, host, _ in wanted) if client in set(sources)]
    found = dict(zip(each, answers_of(text, [_question(host, client) for client, host in each], **given), strict=True))
    return {key: found[key[0], key[1]] for key in wanted if (key[0], key[1]) in found}


def _by_clock(answer: Answer, later: Answer, zone: str | None) -> Answer:
    """The answer; an unknown is added where it depends on a clock that isn't known, or that changes it within the capture."""
    if not answer.by_clock or (zone and later.returns == answer.returns):
        return answer
    return answer._replace(unknown=(*answer.unknown, CLOCK if zone is None else CHANGES))


def _question(host: str, client: str) -> Question:
    """The question for a host. Browsers pass a script the URL of TLS without its path."""
    return Question(f"https://{host}/", host, client)


def _state(answer: Answer, ways: tuple[str, ...], names: Mapping[str, set[str]], topology: Topology) -> str | None:
    """Whether each way used is one that the file returns; None where the capture can't tell."""
    if not ways:
        return NOT_ASKED
    if answer.returns is None:
        return None
    returned = [way for part in answer.returns.split(";") if (way := part.strip())]
    places = [_places(way, names, topology) for way in returned]
    known = set().union(*(place for place in places if place is not None)) if places else {PAST_THE_PROXIES}
    if all(way in known for way in ways):
        return None if answer.unknown else AS_CONFIGURED
    return None if answer.unknown or None in places else DIFFERS


def _places(way: str, names: Mapping[str, set[str]], topology: Topology) -> set[str] | None:
    """The flow table's names for a way that a file returns; None where the capture doesn't resolve its proxy's name."""
    if way.upper() == "DIRECT":
        return {PAST_THE_PROXIES}
    found = _WAY.match(way)
    if found is None:
        return set()
    host, port = found[2].strip("[]").lower(), int(found[3] or _PORTS[found[1].upper()])
    addresses = names.get(host) or ({host} if re.fullmatch(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*", host) else set())
    addresses = addresses | {str(one.network.network_address) for one in topology.proxies if one.name.lower() == host}
    return {f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in addresses} or None


def _addresses(reading: Reading) -> dict[str, list[str]]:
    """name → its addresses by the capture's DNS answers; an empty list for a name that resolves to none."""
    found: dict[str, list[str]] = {}
    if reading.lookups is not None:
        for lookup in rows(reading.lookups.select(["name", "rcode", "answers"])):
            name = (lookup["name"] or "").lower().removesuffix(".")
            if lookup["answers"] or lookup["rcode"] in (0, 3):
                known = found.setdefault(name, [])
                known += [address for address in lookup["answers"] or () if address not in known]
    return found


def _names(addresses: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    return {name: set(found) for name, found in addresses.items() if found}


def _row(file: str, digest: str, key: tuple[Any, ...], clients: Iterable[str]) -> dict[str, Any]:
    host, service, answer, ways, state = key
    return {
        "file": file,
        "sha256": digest,
        "host": host,
        "service": service,
        "returns": answer.returns,
        "error": answer.error,
        "unresolved": list(answer.unknown),
        "asked": list(ways),
        "state": state,
        "client_ips": list(clients),
    }


def counted_states(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str | None, int]]:
    """(state, number of hosts) of a document's `pac`, in a fixed order."""
    hosts: dict[str | None, set[str]] = {}
    for row in found:
        hosts.setdefault(row["state"], set()).add(row["host"])
    yield from ((state, len(hosts[state])) for state in (DIFFERS, AS_CONFIGURED, NOT_ASKED, None) if state in hosts)

"""Selected sources, services and proxies of a verdict or a flow table. The selection doesn't change any judgement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import Unusable
from analyzer.routes.requests import flat_requests
from analyzer.routes.topology import Topology
from analyzer.text.times import values
from analyzer.text.words import did_you_mean

Named = Mapping[str, str | None]
"""Address (of a source), or ip:port (of a proxy) → its name, None where it has none."""


class Choice(NamedTuple):
    """The selection as written. Entries of one kind are alternatives; different kinds must all match.

    sources  addresses, networks or names;  services  slugs;  proxies  ip:port, an address for all its ports, or names
    """

    sources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sources or self.services or self.proxies)

    def __str__(self) -> str:
        asked = (("--source", self.sources), ("--service", self.services), ("--proxy", self.proxies))
        return " ".join(f"{option} {one}" for option, listing in asked for one in listing)


class _Wanted(NamedTuple):
    """A selection as addresses and slugs of this traffic; None: no restriction."""

    sources: frozenset[str] | None
    services: frozenset[str] | None
    proxies: frozenset[str] | None

    def source(self, addresses: Iterable[str | None]) -> bool:
        return self.sources is None or not self.sources.isdisjoint(addresses)

    def service(self, services: Iterable[str | None]) -> bool:
        return self.services is None or not self.services.isdisjoint(services)

    def proxy(self, proxies: Iterable[str | None]) -> bool:
        return self.proxies is None or not self.proxies.isdisjoint(proxies)


def check_services(choice: Choice, slugs: Iterable[str]) -> None:
    """Raise an error for a service that the catalogue doesn't have. Errors: Unusable."""
    known = sorted(slugs)
    for service in choice.services:
        if service not in known:
            raise Unusable(f"{service!r} is no service", "--service", did_you_mean(service, known))


def chosen(verdict: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    """The verdict document restricted to the selection; a remaining row is unchanged, with its other proxies beside the selected one.

    Findings that name selected items stay, and those about the inputs as a whole.

    Errors  Unusable: a source or proxy that wasn't seen
    """
    if not choice:
        return dict(verdict)
    sources = {ip: source["name"] for source in verdict["sources"] for ip in (source["client_ip"], *source["client_ips"])}
    wanted = _wanted(choice, sources, {proxy["proxy"]: proxy["name"] for proxy in verdict["proxies"]})
    of_source = {ip: source["client_ip"] for source in verdict["sources"] for ip in source["client_ips"]}
    direct = {
        what: [row for row in rows if _direct(row, wanted, of_source.get(row["client_ip"], row["client_ip"]))]
        for what, rows in verdict["direct"].items()
    }
    past = {of_source.get(row["client_ip"], row["client_ip"]) for rows in direct.values() for row in rows}
    shown = [_source(source, wanted) for source in verdict["sources"] if wanted.source([source["client_ip"], *source["client_ips"]])]
    if choice.services or choice.proxies:
        shown = [source for source in shown if source["services"] or source["planes"] or source["talk"] or source["client_ip"] in past]
    left = {source["client_ip"] for source in shown}
    groups = [{**group, "sources": [ip for ip in group["sources"] if ip in left]} for group in verdict["groups"]]
    legs = [
        leg
        for leg in verdict["legs"]
        if wanted.source([leg["client_ip"]]) and wanted.service([leg["service"]]) and wanted.proxy([leg["proxy"]])
    ]
    named = wanted.proxies if wanted.proxies is not None else set(_proxies(shown)) | {leg["proxy"] for leg in legs}
    options = {"source": list(choice.sources), "service": list(choice.services), "proxy": list(choice.proxies)}
    made_by = {**verdict["made_by"], "options": {**verdict["made_by"]["options"], "shown": options}}
    return {
        **verdict,
        "made_by": made_by,
        "reason": verdict["reason"] if shown else f"nothing was seen of what was chosen, {choice}",
        "groups": [group for group in groups if group["sources"]],
        "sources": shown,
        "proxies": [proxy for proxy in verdict["proxies"] if proxy["proxy"] in named],
        "legs": legs,
        "direct": direct,
        "pac": [row for row in verdict["pac"] if wanted.source(row["client_ips"]) and wanted.service([row["service"]])],
        "findings": [finding for finding in verdict["findings"] if _finding(finding, wanted)],
    }


def chosen_flows(flows: pa.Table, choice: Choice, topology: Topology) -> pa.Table:
    """The selected rows: of the source, with the service (of the flow or any request), to the proxy.

    Errors  Unusable: a source or proxy that wasn't seen
    """
    if not choice:
        return flows
    clients = {ip: topology.workstation_name(ip) for ip in values(pc.unique(flows["client_ip"]))}
    named = zip(values(flows["proxy"]), values(flows["proxy_name"]), strict=True)
    proxies = {proxy: name for proxy, name in named if proxy is not None}
    return flows.filter(_mask(flows, _wanted(choice, clients, proxies)))


def flows_behind(flows: pa.Table, choice: Choice, verdict: Mapping[str, Any], topology: Topology) -> pa.Table:
    """The rows of chosen_flows, and all flows that the restricted verdict names, because a page links to them."""
    if not choice:
        return flows
    ids = set(values(chosen_flows(flows, choice, topology)["id"])) | set(_named_flows(verdict))
    return flows.filter(pc.is_in(flows["id"], pa.array(sorted(ids), pa.string())))


def _mask(flows: pa.Table, wanted: _Wanted) -> pa.Array:
    mask = pa.repeat(True, flows.num_rows)
    for name, values_wanted in (("client_ip", wanted.sources), ("proxy", wanted.proxies)):
        if values_wanted is not None:
            mask = pc.and_(mask, pc.is_in(flows[name], pa.array(sorted(values_wanted), pa.string())))
    if wanted.services is not None:
        requests = flat_requests(flows)
        pairs = zip(requests.row.tolist(), values(requests.service), strict=True)
        asked = {row for row, service in pairs if service in wanted.services}
        own = values(flows["service"])
        mask = pc.and_(mask, pa.array([service in wanted.services or i in asked for i, service in enumerate(own)], pa.bool_()))
    return mask


def _wanted(choice: Choice, sources: Named, proxies: Named) -> _Wanted:
    return _Wanted(
        frozenset(_found(choice.sources, sources, "source", _is_source)) if choice.sources else None,
        frozenset(choice.services) if choice.services else None,
        frozenset(_found(choice.proxies, proxies, "proxy", _is_proxy)) if choice.proxies else None,
    )


def _found(asked: Sequence[str], known: Named, what: str, fits: Any) -> Iterator[str]:
    """The matching addresses. Errors: Unusable, one matches nothing that was seen."""
    for text in asked:
        found = [address for address, name in known.items() if fits(text, address) or _is_name(text, name)]
        if not found:
            names = dict.fromkeys([*filter(None, known.values()), *known])
            raise Unusable(f"no {what} {text!r} was seen", f"--{what}", did_you_mean(text, list(names)))
        yield from found


def _is_name(text: str, name: str | None) -> bool:
    """Whether it is the name, or one of the joined names of a proxy with several entries."""
    return name is not None and text.casefold() in (name.casefold(), *name.casefold().split("/"))


def _is_source(text: str, address: str) -> bool:
    network = _network(text)
    return network is not None and ip_address(address) in network


def _is_proxy(text: str, address: str) -> bool:
    if text == address:
        return True
    network = _network(text)
    return network is not None and ip_address(address.rpartition(":")[0].strip("[]")) in network


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _source(source: Mapping[str, Any], wanted: _Wanted) -> dict[str, Any]:
    """The source with its selected rows. A plane stays with a service of it; without selected services, by its own proxies."""
    services = [row for row in source["services"] if wanted.service([row["service"]]) and wanted.proxy(_of_row(row))]
    seen = {row["plane"] for row in services}
    kept = wanted.services is None
    planes = [row for row in source["planes"] if wanted.proxy(_of_row(row)) and (kept or row["plane"] in seen)]
    shown = {row["plane"] for row in planes}
    return {
        **source,
        "services": services,
        "planes": planes,
        "required": [row for row in source["required"] if wanted.service([row["service"]]) and wanted.proxy(row["through"])],
        "talk": [row for row in source["talk"] if wanted.proxy([row["proxy"]])] if services or kept else [],
        "processes": [row for row in source["processes"] if _process(row, wanted)],
        "precedence": [row for row in source["precedence"] if row["plane"] in shown and wanted.service(row["services"])],
    }


def _process(row: Mapping[str, Any], wanted: _Wanted) -> bool:
    return wanted.proxy([row["proxy"]]) and (wanted.services is None or wanted.service(row["services"]))


def _of_row(row: Mapping[str, Any]) -> set[str | None]:
    """The proxies in a service's or plane's row."""
    return {row["asked"], row["winner"], *(share["proxy"] for share in row["by_proxy"]), *(era["proxy"] for era in row["eras"])}


def _proxies(sources: Iterable[Mapping[str, Any]]) -> Iterator[str | None]:
    for source in sources:
        for row in (*source["services"], *source["planes"]):
            yield from _of_row(row)
        for row in source["talk"]:
            yield row["proxy"]


def _direct(row: Mapping[str, Any], wanted: _Wanted, client_ip: str | None) -> bool:
    """Whether a row past the proxies is selected; never if proxies are selected."""
    return wanted.proxies is None and wanted.source([row["client_ip"], client_ip]) and wanted.service([row["service"]])


def _finding(finding: Mapping[str, Any], wanted: _Wanted) -> bool:
    if not (finding["client_ips"] or finding["client_ip"] or finding["proxy"] or finding["services"] or finding["service"]):
        return True
    return (
        wanted.source([finding["client_ip"], *finding["client_ips"]])
        and wanted.service([finding["service"], *finding["services"]])
        and wanted.proxy([finding["proxy"]])
    )


def _named_flows(part: object) -> Iterator[str]:
    """All flow ids in the document."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("flows", "origin_flows", "evidence") and isinstance(value, list):
                yield from (one for one in value if isinstance(one, str))
            yield from _named_flows(value)
    elif isinstance(part, list):
        for entry in part:
            yield from _named_flows(entry)

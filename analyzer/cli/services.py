"""`whichproxy services`: the catalogue, and its result for a host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli.options import Catalogues

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue

Hosts = Annotated[
    list[str] | None,
    typer.Argument(metavar="HOST", show_default=False, help="Host names or URLs; without any the catalogue is listed."),
]


Allow = Annotated[
    str | None,
    typer.Option(
        "--allow",
        metavar="FORM",
        show_default=False,
        help="What Microsoft requires a proxy to let through, instead: plain, squid, pac, csv, palo-alto, fortigate or zscaler.",
    ),
]
NoInspection = Annotated[
    str | None,
    typer.Option(
        "--no-inspection",
        metavar="FORM",
        show_default=False,
        help="What of it a proxy must not open, instead: plain, csv, squid, palo-alto, fortigate or zscaler.",
    ),
]
Cloud = Annotated[str, typer.Option("--cloud", help="With --allow and --no-inspection: commercial, GCC, GCCH or DoD.")]
Geo = Annotated[str, typer.Option("--geo", help="With --allow: the tenant's geography, as EU or US; WW: what all of them need.")]
Model = Annotated[str, typer.Option("--model", help="With --allow: standard or streamlined connectivity.")]
System = Annotated[str, typer.Option("--os", help="With --allow: Windows, macOS or Linux.")]
Proxy = Annotated[str, typer.Option("--proxy", metavar="IP:PORT", show_default=False, help="With --allow pac: where the hosts are sent.")]


def services(
    hosts: Hosts = None,
    allow: Allow = None,
    no_inspection: NoInspection = None,
    cloud: Cloud = "commercial",
    geo: Geo = "WW",
    model: Model = "standard",
    system: System = "Windows",
    proxy: Proxy = "",
    catalogue: Catalogues = None,
) -> int:
    """List the service catalogue, say which service each host belongs to and by which rule, or write an allow list for a proxy.

    An allow list of what failed and is required in your own traffic: whichproxy report --allow.

    \b
    Examples:
      whichproxy services
      whichproxy services winatp-gw-neu.microsoft.com
      whichproxy services http://www.microsoft.com/pkiops/crl/x.crl login.live.com
      whichproxy services --catalogue ours.toml sensor.contoso.example
      whichproxy services --allow squid --geo EU --model streamlined
      whichproxy services --no-inspection palo-alto --geo EU
    """
    from analyzer.services.catalogue import load_catalogue
    from analyzer.text.inert import inert

    loaded = load_catalogue(catalogue or ())
    if allow is not None:
        from analyzer.services.allow_list import written
        from analyzer.services.permits import device_from, merged, required_permits

        permits = merged(required_permits(loaded, device_from(loaded, cloud, geo, model, system)))
        print(written(allow, {proxy: permits}), end="")
        return 0
    if no_inspection is not None:
        from analyzer.services.no_inspection import unopened_permits, unopened_written
        from analyzer.services.permits import device_from, merged

        permits = merged(unopened_permits(loaded, device_from(loaded, cloud, geo, model, system)))
        print(unopened_written(no_inspection, {proxy: permits}), end="")
        return 0
    if not hosts:
        for line in _listing(loaded):
            print(inert(line))
        return 0
    from analyzer.services.explain import explain

    for number, host in enumerate(hosts):
        if number:
            print()
        print(explain(loaded, host))
    return 0


def _listing(catalogue: Catalogue) -> Iterator[str]:
    """Every service with its patterns, in columns that don't wrap."""
    room = max(len(rule.pattern) for rule in catalogue.rules)
    for service in catalogue.services.values():
        rules = {rule: None for rule in catalogue.rules if rule.service == service.slug}
        yield f"{service.slug}  {service.group}, {service.plane or 'no plane'}{f': {service.title}' if service.title else ''}"
        for rule in rules:
            path = f" {rule.url_path}" if rule.evidence == "path" else ""
            plane = f" · {rule.plane}" if rule.plane and rule.plane != service.plane else ""
            yield f"  {rule.pattern:<{room}}  {rule.evidence}{path}{plane} · {rule.category} · {rule.geo} · {rule.source or 'no source'}"
    yield f"{len(catalogue.rules)} rules, {len(catalogue.services)} services"
    yield "own proves Defender; platform names the service, though others ask for it too; shared never sets one; path: the URL path decides"
    yield "a * inside a label covers regions that no list prints: a host that only such a pattern names is at most likely"

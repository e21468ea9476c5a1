"""Traffic for pictures and pages: the laboratory's, one without Defender, many sources and proxies, 50,000 flows, hostile names."""

from __future__ import annotations

from functools import cache
from typing import Any

import pyarrow as pa

from analyzer.report.plots.scene import Scene
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from analyzer.verdict import judge
from tests.report.flow_rows import NOON_NS, flow, table
from tests.report.verdicts import HOSTILE

MARKUP = "<img src=x onerror=alert(1)>\"'&</script><script>alert(1)</script>"
RIGHT_TO_LEFT = "safe\u202egnp.exe\u2066\x1b[31m"
FORMULA = '=HYPERLINK("http://x.example";"y")'
NAMES = (MARKUP, RIGHT_TO_LEFT, FORMULA, "@SUM(1)", "-2+3", "plain.example", HOSTILE)
"""What a stranger may call a host."""


def scene_of(flows: pa.Table, **more: Any) -> Scene:
    """The flows with their verdict."""
    return Scene(flows, judge(flows, topology=Topology(), catalogue=load_catalogue(()), captures=[]), **more)


def through(number: int, proxy: int, plane: str, service: str | None, **columns: Any) -> dict[str, Any]:
    """A flow through one of the article's proxies (0, 1, 2), or through a nameless one further on."""
    names = [("PROX01", "winhttp"), ("PROX02", "wininet"), ("PROX03", "static")]
    name, method = names[proxy] if proxy < len(names) else (None, None)
    row = flow(number, plane=plane, service=service, server_ip=f"172.16.12.{10 + proxy}", proxy=f"172.16.12.{10 + proxy}:3128",
               proxy_name=name, method=method) | columns  # fmt: skip
    row["requests"] = [{**row["requests"][0], "service": service, "plane": plane, "host": row["host"]}]
    return row


def blocked(number: int, **columns: Any) -> dict[str, Any]:
    """An attempt past the proxies that got no answer."""
    nothing = dict.fromkeys(("proxy", "proxy_name", "method", "request", "requested_host", "requested_port", "proxy_status", "http_host",
                             "sni", "alpn", "ech", "host", "host_source", "service", "service_group", "service_rule", "plane"))  # fmt: skip
    return flow(number, **nothing, server_ip="20.1.8.14", server_port=443, route="direct", direct_outcome="blocked", state="no-answer",
                requests=[], service_also=[], bytes_in=0, packets_in=0) | columns  # fmt: skip


@cache
def article() -> Scene:
    """Each proxy wins a plane, one request fails, one attempt goes past them."""
    rows = [through(n, 2, "sensor", "edr-cyber-data") for n in range(6)]
    rows += [through(n, 2, "antivirus", "cloud-protection") for n in range(6, 9)]
    rows += [through(n, 0, "system", "certificate-trust") for n in range(9, 12)]
    rows += [through(n, 1, "user", "smartscreen") for n in range(12, 14)]
    rows += [through(14, 0, "system", "certificate-trust")]
    rows[-1]["requests"][0] |= {"status": 403, "outcome": "denied"}
    rows[-1]["proxy_status"] = 403
    marks = [{"at": "2024-05-01T12:00:05.000000000Z", "what": "live response started"}]
    return scene_of(table(*rows, blocked(15)), marks=marks, alone=[("2024-05-01T11:59:00.000000000Z", "2024-05-01T12:00:02.000000000Z")])


@cache
def silent() -> Scene:
    """A client that wants nothing of Defender's."""
    return scene_of(table(blocked(0), blocked(1)))


@cache
def empty() -> Scene:
    return scene_of(table())


@cache
def timeless() -> Scene:
    """Flows of a capture without times."""
    row = flow(0, first_seen=None, last_seen=None)
    row["requests"][0]["first_seen"] = None
    return scene_of(table(row))


@cache
def crowd() -> Scene:
    """50 sources through 50 proxies."""
    planes = [("sensor", "edr-cyber-data"), ("antivirus", "cloud-protection"), ("system", "certificate-trust"), ("user", "smartscreen")]
    rows = [
        through(n, n % 50, *planes[n % 4], client_ip=f"10.0.{n % 50}.7", last_seen=NOON_NS + n * 10**9 + 5)
        for n in range(600)
    ]  # fmt: skip
    return scene_of(table(*rows))


ENDS = {
    "name": [(f"PROX{n:02}", f"172.16.12.{n}:3128") for n in range(10, 18)],
    "ipv4": [(None, f"172.16.112.{n}:3128") for n in range(110, 118)],
    "ipv6": [(None, f"[2001:db8:aaaa:bbbb::{n:x}]:3128") for n in range(0x10, 0x18)],
}
"""What proxies may be called: a name, or only an address."""


@cache
def proxied(kind: str, n: int) -> Scene:
    """n proxies called so, each with requests in every plane, some of them past the proxies."""
    planes = [("sensor", "edr-cyber-data"), ("antivirus", "cloud-protection"), ("system", "certificate-trust"), ("user", "smartscreen")]
    rows = []
    for number in range(12 * n):
        name, proxy = ENDS[kind][number % n]
        plane, service = planes[number // n % 4]
        address = proxy.rpartition(":")[0].strip("[]")
        asked = [flow(number)["requests"][0] | {"plane": plane, "service": service}]
        named = {"proxy": proxy, "proxy_name": name, "method": "winhttp" if name else None}
        rows.append(flow(number, plane=plane, service=service, server_ip=address, requests=asked, **named))
    return scene_of(table(*rows, blocked(12 * n), blocked(12 * n + 1)))


@cache
def changing() -> Scene:
    """A policy that takes effect at half time: PROX01 for six requests, then PROX03."""
    rows = [through(n, 0, "sensor", "edr-cyber-data") for n in range(6)]
    return scene_of(table(*rows, *(through(n, 2, "sensor", "edr-cyber-data") for n in range(6, 12))))


@cache
def site(n: int) -> Scene:
    """n workstations that ask PROX01, of which five go over to PROX03 at half time."""
    rows = []
    for source in range(n):
        for k in range(8):
            proxy = 2 if source < 5 and k >= 4 else 0
            at = NOON_NS + k * 60 * 10**9 + source * 10**6
            row = through(8 * source + k, proxy, "sensor", "edr-cyber-data", client_ip=f"10.1.{source // 250}.{source % 250}",
                          first_seen=at, last_seen=at + 10**9)  # fmt: skip
            row["requests"][0] |= {"first_seen": at, "answered": at + 1}
            rows.append(row)
    return scene_of(table(*rows))


@cache
def refused() -> Scene:
    """Three proxies with names and methods, two of which let nothing of the sensor through: the widest words a table has."""
    rows = [through(n, n % 3, "sensor", "edr-command-and-control") for n in range(6)]
    for row in rows:
        row["requests"][0] |= {"status": 407, "outcome": "authentication"}
        row["proxy_status"] = 407
    return scene_of(table(*rows, *(through(n, 0, "system", "security-intelligence-updates") for n in range(6, 9))))


@cache
def hostile() -> Scene:
    """Every name that a stranger or a topology may choose is markup, a formula or turns the line round."""
    rows = []
    for n, name in enumerate(NAMES):
        row = through(n, n % 3, "sensor", "edr-cyber-data", host=name, requested_host=name, sni=name, http_host=name, user_agent=name,
                      proxy_name=name, capture=name, captures=[name])  # fmt: skip
        rows.append(row)
    scene = scene_of(table(*rows), marks=[{"at": "2024-05-01T12:00:03.000000000Z", "what": HOSTILE}])
    for source in scene.verdict["sources"]:
        source["name"] = HOSTILE
    return scene


@cache
def fifty_thousand() -> Scene:
    """50,000 flows of 40 sources over an hour; hosts and user agents of some variety."""
    base = article().flows
    n = 50_000
    rows = base.take(pa.array([k % base.num_rows for k in range(n)]))
    first = pa.array([NOON_NS + k * 72_000_000 for k in range(n)], pa.int64()).cast(base.schema.field("first_seen").type)
    changed = {
        "id": pa.array([f"{k * 2654435761 % 2**64:016x}" for k in range(n)]),
        "client_ip": pa.array([f"172.16.11.{k % 40}" for k in range(n)]),
        "client_port": pa.array([1024 + k % 60_000 for k in range(n)], pa.int32()),
        "host": pa.array([NAMES[k % 7] if k % 1000 == 0 else f"host-{k % 3000}.example" for k in range(n)]),
        "first_seen": first,
        "last_seen": first,
    }
    for name, column in changed.items():
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    return scene_of(rows)

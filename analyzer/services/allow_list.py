"""Allow lists in the forms that products read: plain patterns, squid's access rules, a PAC file, a table, or appliances' imports.

Every pattern is a host name that passed `permits.merged`, so no captured text can act as a rule, code or formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from analyzer.errors import Unusable
from analyzer.services.appliance_lists import fortigate_addresses, palo_alto, zscaler
from analyzer.services.permits import Permit, widest
from analyzer.text.words import did_you_mean

Lists = Mapping[str, Sequence[Permit]]
"""proxy, as ip:port → what it has to let through; "" where there is no proxy."""

COLUMNS: Final = ("proxy", "pattern", "ports", "services", "why", "source")
_PROXY: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


def written(form: str, lists: Lists) -> str:
    """The lists in that form, a key of FORMS.

    Errors  Unusable: no such form; a PAC file for no proxy or for several
    """
    if form not in FORMS:
        raise Unusable(f"{form!r} is no form of an allow list", "--allow", did_you_mean(form, list(FORMS)))
    return FORMS[form](lists)


def plain(lists: Lists) -> str:
    """One pattern per line; `*.x` is x and every host under it."""
    lines = []
    for proxy, permits in lists.items():
        lines += [f"# {proxy}"] if proxy else []
        lines += [permit.pattern for permit in permits]
    return _lines(lines)


def _squid(lists: Lists) -> str:
    """An acl for each set of ports. In squid `.x` is x and every host under it; its ports limit CONNECT."""
    lines = ["# Put this above every rule that asks for a password: Defender's services have no user to give one."]
    for number, (proxy, permits) in enumerate(lists.items(), 1):
        name = f"defender{number if len(lists) > 1 else ''}"
        lines += ["", f"# for {proxy}"] if proxy else [""]
        by_ports: dict[tuple[int, ...], list[Permit]] = {}
        for permit in permits:
            by_ports.setdefault(permit.ports, []).append(permit)
        for ports, those in sorted(by_ports.items()):
            acl = f"{name}_{'_'.join(map(str, ports))}"
            for permit in widest(those):
                lines += [
                    f"# {', '.join(permit.services)}: {'; '.join(permit.why)}",
                    f"acl {acl} dstdomain {permit.pattern.removeprefix('*')}",
                ]
            lines += [f"acl {acl}_port port {' '.join(map(str, ports))}", f"http_access allow {acl} {acl}_port"]
    return _lines(lines)


def _pac(lists: Lists) -> str:
    """A PAC file that sends Defender's hosts to the one proxy; all other hosts go direct, which the reader may have to change."""
    proxies = [proxy for proxy in lists if proxy]
    if len(lists) != 1 or not proxies:
        raise Unusable(
            f"a PAC file needs one proxy, and {len(proxies) or 'none'} {'are' if len(proxies) > 1 else 'is'} meant",
            "--allow pac",
            "name it with --proxy IP:PORT",
        )
    proxy = proxies[0]
    if not _PROXY.fullmatch(proxy):
        raise Unusable(f"{proxy!r} is no proxy", "--proxy", "write it as IP:PORT or HOST:PORT")
    permits = widest(lists[proxy])
    wild = [permit.pattern[1:] for permit in permits if permit.pattern.startswith("*.")]
    exact = [*(permit.pattern for permit in permits if not permit.pattern.startswith("*.")), *(suffix[1:] for suffix in wild)]
    lines = [
        "// Defender's hosts go to the proxy, all others direct: change the last line where they don't.",
        "function FindProxyForURL(url, host) {",
        '  host = host.toLowerCase().replace(/\\.$/, "");',
        "  var exact = {",
        *(f'    "{host}": 1,' for host in sorted(set(exact))[:-1]),
        *(f'    "{host}": 1' for host in sorted(set(exact))[-1:]),
        "  };",
        f"  var under = [{', '.join(chr(34) + suffix + chr(34) for suffix in sorted(set(wild)))}];",
        f'  if (exact.hasOwnProperty(host)) return "PROXY {proxy}";',
        "  for (var i = 0; i < under.length; i++)",
        f'    if (dnsDomainIs(host, under[i])) return "PROXY {proxy}";',
        '  return "DIRECT";',
        "}",
    ]
    return _lines(lines)


def csv_table(lists: Lists) -> str:
    """A row per proxy and pattern, with its services, its reasons and its publisher."""
    sink = io.StringIO()
    out = csv.writer(sink, lineterminator="\n")
    out.writerow(COLUMNS)
    for proxy, permits in lists.items():
        for permit in permits:
            ports = " ".join(map(str, permit.ports))
            out.writerow([proxy, permit.pattern, ports, " ".join(permit.services), "; ".join(permit.why), permit.source or ""])
    return sink.getvalue()


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


FORMS: Final[dict[str, Callable[[Lists], str]]] = {
    "plain": plain,
    "squid": _squid,
    "pac": _pac,
    "csv": csv_table,
    "palo-alto": palo_alto,
    "fortigate": fortigate_addresses,
    "zscaler": zscaler,
}

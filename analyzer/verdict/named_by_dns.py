"""Several addresses of one proxy, where the topology says nothing: DNS answers them all for one name, and none for another."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.text.times import rows

ADDRESS_TYPES = ("A", "AAAA")

Named = tuple[str | None, str | None]
"""(name, method)"""


def named_by_dns(proxies: Mapping[str, Named], lookups: pa.Table | None) -> dict[str, Named]:
    """ip:port → (name, method), with the name that DNS gives where several proxies of one port have the very same names.

    Clients are set to a name, and take its addresses by turns: from one to another nothing changes. Where one of them has a name of its
    own, clients may have been set to that one.
    """
    ends = {proxy: (address.strip("[]"), port) for proxy in proxies for address, _, port in (proxy.rpartition(":"),)}
    names = _names_of({ip for ip, _ in ends.values()}, lookups) if len(ends) > 1 else {}
    together: dict[tuple[frozenset[str], str], list[str]] = {}
    for proxy, (ip, port) in ends.items():
        if ip in names and proxies[proxy][0] is None:
            together.setdefault((frozenset(names[ip]), port), []).append(proxy)
    found = dict(proxies)
    for (same, _), own in together.items():
        if len(own) > 1:
            found.update((proxy, (min(same), proxies[proxy][1])) for proxy in own)
    return found


def _names_of(addresses: set[str], lookups: pa.Table | None) -> dict[str, set[str]]:
    """Address → every name that was answered with it."""
    found: dict[str, set[str]] = {}
    if lookups is None or not lookups.num_rows:
        return found
    for row in rows(lookups.filter(pc.is_in(lookups.column("type"), pa.array(ADDRESS_TYPES, pa.string())))):
        for address in addresses.intersection(row["answers"] or ()):
            found.setdefault(address, set()).add(row["name"].lower().rstrip("."))
    return found

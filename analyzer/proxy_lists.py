"""Lists for the team that runs a proxy: the hosts it has to let through, and those whose TLS it must not open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from analyzer.errors import Unusable
from analyzer.pipeline import Reading
from analyzer.services.allow_list import written
from analyzer.services.no_inspection import unopened_written
from analyzer.text.words import did_you_mean
from analyzer.verdict.evidence import Evidence, evidence_of
from analyzer.verdict.permits import permits_of, unopened_of

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue
    from analyzer.services.permits import Permit


def allow_list(reading: Reading, form: str, proxies: Sequence[str] = ()) -> str:
    """The hosts that each proxy, or each proxy of these names or addresses, has to let through, written by `analyzer.services.allow_list`.

    Errors  Unusable: no such form, no such proxy, or a PAC file for other than one proxy
    """
    return written(form, _of_proxies(reading, permits_of, proxies))


def no_inspection_list(reading: Reading, form: str, proxies: Sequence[str] = ()) -> str:
    """The hosts whose TLS each proxy, or each of these, must not open, written by `analyzer.services.no_inspection`.

    Errors  Unusable, as in allow_list
    """
    return unopened_written(form, _of_proxies(reading, unopened_of, proxies))


def _of_proxies(
    reading: Reading, lists_of: Callable[[Evidence, Catalogue], dict[str, list[Permit]]], proxies: Sequence[str]
) -> dict[str, list[Permit]]:
    """The lists of the proxies of these names or addresses; of all proxies where none is given."""
    assert reading.topology is not None and reading.catalogue is not None
    evidence = evidence_of(reading.flows, reading.topology)
    lists = lists_of(evidence, reading.catalogue)
    known = {name: address for address in lists for name in (address, evidence.proxy_names.get(address, (None,))[0]) if name}
    for proxy in proxies:
        if proxy not in known:
            raise Unusable(f"no proxy {proxy!r} was seen", "--proxy", did_you_mean(proxy, sorted(known)))
    wanted = {known[proxy] for proxy in proxies} or set(lists)
    return {address: permitted for address, permitted in lists.items() if address in wanted}

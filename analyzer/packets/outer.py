"""Every wrapping that is removed: the names in `outer`, the table in docs/limits.md and the tests' frames come from here."""

from __future__ import annotations

from typing import Final

from analyzer.packets import gre, ip_tunnels, l2tp, mirrors, tags, tunnels

WRAPPINGS: Final = (
    *tags.WRAPPINGS,
    *gre.WRAPPINGS,
    *ip_tunnels.WRAPPINGS,
    *l2tp.WRAPPINGS,
    *tunnels.WRAPPINGS,
    *mirrors.WRAPPINGS,
)

OUTER_NAMES: Final = ("", *dict(sorted((wrapping.kind, wrapping.name) for wrapping in WRAPPINGS if wrapping.kind)).values())
"""Indexed by the kind's number."""

UDP_PORTS: Final = frozenset(number for wrapping in WRAPPINGS if wrapping.by == "udp" for number in wrapping.numbers)

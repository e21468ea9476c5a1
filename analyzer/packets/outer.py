"""Every wrapping that is peeled off: `outer` takes its names from here, docs/limits.md its table, and the tests a frame of each."""

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
"""By the kind's number."""

UDP_PORTS: Final = frozenset(number for wrapping in WRAPPINGS if wrapping.by == "udp" for number in wrapping.numbers)

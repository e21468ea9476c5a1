"""Colours that colour-blind readers can distinguish, also in greyscale; no information is shown by colour alone.

The hues are Okabe and Ito's (jfly.uni-koeln.de/color), darkened until each has a contrast of at least 3:1 with white (WCAG 2.2, 1.4.11), in
an order in which neighbours differ in lightness too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from analyzer.text.labels import ProxyLabel

INK: Final = "#1d1f22"
FAINT: Final = "#62676e"
RULE: Final = "#d9dce0"
SHADE: Final = "#eceef0"
PAPER: Final = "#ffffff"
BAD: Final = "#b3261e"

PROXIES: Final = ("#0b5394", "#c26a00", "#00805e", "#8e3f7a", "#3d85c6", "#7a6a00")
"""One colour per proxy, in the order of their names; repeated after the last."""

PLANE_SHADES: Final = {"sensor": "#1f3a5f", "antivirus": "#3f6f9f", "system": "#5f7f8f", "user": "#a9c3d6", "other": "#dfe4e8"}
"""Planes from dark to light, so that neighbours differ in grey."""


def colours_of(proxies: Iterable[ProxyLabel]) -> dict[ProxyLabel, str]:
    """A colour for each proxy; the same proxies get the same colours in every picture."""
    ordered = sorted(set(proxies), key=proxy_order)
    return {proxy: PROXIES[number % len(PROXIES)] for number, proxy in enumerate(ordered)}


def proxy_order(proxy: ProxyLabel) -> tuple[bool, str, str]:
    """Named proxies first, by name, then by address."""
    return proxy.name is None, proxy.name or "", proxy.proxy

"""Microsoft's pages that advice refers to, each with the date of its text."""

from __future__ import annotations

from typing import Final, NamedTuple


class Page(NamedTuple):
    """A page on the web. date: of its text (ms.date), YYYY-MM-DD."""

    url: str
    date: str


_DEFENDER: Final = "https://learn.microsoft.com/en-us/defender-endpoint/"

PROXY: Final = Page(f"{_DEFENDER}configure-proxy-internet", "2026-09-22")
ENVIRONMENT: Final = Page(f"{_DEFENDER}configure-environment", "2026-09-21")
ANTIVIRUS: Final = Page(f"{_DEFENDER}configure-network-connections-microsoft-defender-antivirus", "2026-07-02")
VERIFY: Final = Page(f"{_DEFENDER}verify-connectivity", "2026-07-02")
LINUX: Final = Page(f"{_DEFENDER}linux-static-proxy-configuration", "2026-07-02")
MACOS: Final = Page(f"{_DEFENDER}microsoft-defender-endpoint-mac-prerequisites", "2026-09-18")
NETWORK_PROXY: Final = Page("https://learn.microsoft.com/en-us/windows/client-management/mdm/networkproxy-csp", "2018-04-12")

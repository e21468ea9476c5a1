"""A proxy that is itself spoken to in TLS."""

from __future__ import annotations

from captures.lab.proxies import Proxy
from captures.lab.scenarios import CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import WORKSTATION, Situation, row

SITUATIONS = (
    Situation(
        Scenario(
            "proxy-over-tls",
            "A proxy over TLS",
            ("winhttp",),
            None,
            (
                Activity(0.3, "MsSense", CNC_NEU, "nested", times=4, every=2.0),
                Activity(1.1, "MsSense", CYBER, "nested", times=3, every=2.0, fetch="page"),
                Activity(1.8, "MsMpEng", "wdcp.microsoft.com", "nested", times=2, every=2.0),
            ),
            {"sensor": "winhttp", "antivirus": "winhttp"},
            "squid's https_port: curl asks inside TLS, so that neither host nor answer can be seen",
            proxies=(Proxy("PROX01", "172.16.12.10", "winhttp", kind="squid-tls"),),
        ),
        "the proxy's requests are hidden in TLS: nine connections to it, of which none failed and none can be called Defender's",
        {
            "rows": [row(9, route="proxy", server_ip="172.16.12.10")],
            "defender": {WORKSTATION: "hidden"},
            "hidden": {"172.16.12.10:3128": 9},
            "no_failed": True,
            "no_plane": ["sensor", "antivirus"],
            "finding": ["proxy-over-tls"],
            "no_finding": ["no-service-traffic", "not-a-proxy", "direct-allowed", "proxy-unreachable"],
        },
    ),
)

"""The internet side: every host name the scenarios use, where it lives, and whose it is.

Names, services and planes are Microsoft's published ones (learn.microsoft.com, "Configure your network environment to ensure
connectivity with the Defender for Endpoint service"); addresses exist only inside the laboratory's namespaces.
"""

from __future__ import annotations

from typing import NamedTuple


class Host(NamedTuple):
    """A name of the internet side.

    service, plane   what the name alone proves; None where it proves nothing (a shared or context host)
    tls              highest version its server speaks; None: plain HTTP only
    """

    name: str
    address: str
    service: str | None
    plane: str | None
    tls: str | None = "1.3"


DNS_ADDRESS = "20.1.0.53"
UNNAMED_ADDRESS = "20.9.9.9"  # routed, but nobody lives there and no name points to it

HOSTS = {
    host.name: host
    for host in (
        # sensor, standard connectivity
        Host("winatp-gw-weu.microsoft.com", "20.1.1.10", "edr-command-and-control", "sensor", "1.2"),
        Host("winatp-gw-neu.microsoft.com", "20.1.1.11", "edr-command-and-control", "sensor"),
        Host("eu-v20.events.data.microsoft.com", "20.1.2.10", "edr-cyber-data", "sensor"),
        Host("automatedirstrprdweu.blob.core.windows.net", "20.1.3.10", "edr-sample-storage", "sensor", "1.2"),
        Host("automatedirstrprdneu.blob.core.windows.net", "20.1.3.11", "edr-sample-storage", "sensor"),
        Host("enterpriseregistration.windows.net", "20.1.4.10", None, None),
        Host("checkin.dm.microsoft.com", "20.1.4.11", None, None, "1.2"),
        # sensor and antivirus, streamlined connectivity
        Host("edr-weu.eu.endpoint.security.microsoft.com", "20.1.5.10", "edr-command-and-control", "sensor"),
        Host("eu-v20.events.endpoint.security.microsoft.com", "20.1.5.11", "edr-cyber-data", "sensor"),
        Host("mdav.eu.endpoint.security.microsoft.com", "20.1.5.12", "cloud-protection", "antivirus"),
        # antivirus
        Host("wdcp.microsoft.com", "20.1.6.10", "cloud-protection", "antivirus"),
        Host("wdcpalt.microsoft.com", "20.1.6.11", "cloud-protection", "antivirus", "1.2"),
        Host("europe.cp.wd.microsoft.com", "20.1.6.12", "cloud-protection", "antivirus"),
        Host("usseu1westprod.blob.core.windows.net", "20.1.7.10", "sample-upload", "antivirus"),
        Host("eu-mobile.events.data.microsoft.com", "20.1.7.11", None, None),
        # SYSTEM
        Host("ctldl.windowsupdate.com", "20.1.8.10", "certificate-trust", "system", None),
        Host("crl.microsoft.com", "20.1.8.11", "certificate-trust", "system", None),
        Host("fe3cr.delivery.mp.microsoft.com", "20.1.8.12", "security-intelligence-updates", "system", "1.2"),
        Host("definitionupdates.microsoft.com", "20.1.8.13", "security-intelligence-updates", "system"),
        Host("client.wns.windows.com", "20.1.8.14", "push-notifications", "system"),
        Host("www.msftconnecttest.com", "20.1.9.10", None, "system", None),
        Host("slscr.update.microsoft.com", "20.1.9.11", None, "system", "1.2"),
        Host("download.windowsupdate.com", "20.1.9.12", None, "system", None),
        Host("tlu.dl.delivery.mp.microsoft.com", "20.1.9.13", None, "system", None),
        Host("v10.events.data.microsoft.com", "20.1.9.14", None, "system"),
        Host("ocsp.digicert.com", "20.1.9.15", None, None, None),
        # the user
        Host("nav.smartscreen.microsoft.com", "20.1.10.10", "smartscreen", None),
        Host("edge.microsoft.com", "20.1.10.11", None, "user"),
        Host("ntp.msn.com", "20.1.10.12", None, "user"),
        Host("config.edge.skype.com", "20.1.10.13", None, "user"),
        Host("tile-service.weather.microsoft.com", "20.1.10.14", None, "user", None),
        Host("www.contoso.com", "20.1.10.15", None, None),
    )
}

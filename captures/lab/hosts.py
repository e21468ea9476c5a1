"""The internet side: every host name in the scenarios, its address, and its service.

Names, services and planes are Microsoft's published ones (learn.microsoft.com, "Configure your network environment to ensure
connectivity with the Defender for Endpoint service"); addresses exist only inside the laboratory's namespaces.
"""

from __future__ import annotations

from typing import NamedTuple


class Host(NamedTuple):
    """A name of the internet side.

    service, plane   what the name alone proves; None where it proves nothing (a shared or context host)
    tls              highest version its server speaks; None: plain HTTP only
    platform         Windows, Azure or a browser ask for it too: it names a service, and proves no Defender
    """

    name: str
    address: str
    service: str | None
    plane: str | None
    tls: str | None = "1.3"
    platform: bool = False

    @property
    def evidence(self) -> str | None:
        """The flow table's `service_evidence`."""
        return ("platform" if self.platform else "own") if self.service else None


DNS_ADDRESS = "20.1.0.53"
UNNAMED_ADDRESS = "20.9.9.9"  # routed, but no machine has it and no name points to it

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
        Host("ctldl.windowsupdate.com", "20.1.8.10", "certificate-trust", "system", None, True),
        Host("crl.microsoft.com", "20.1.8.11", "certificate-trust", "system", None, True),
        Host("fe3cr.delivery.mp.microsoft.com", "20.1.8.12", "security-intelligence-updates", "system", "1.2", True),
        Host("definitionupdates.microsoft.com", "20.1.8.13", "security-intelligence-updates", "system"),
        Host("client.wns.windows.com", "20.1.8.14", "push-notifications", "system", platform=True),
        Host("www.msftconnecttest.com", "20.1.9.10", None, "system", None),
        Host("slscr.update.microsoft.com", "20.1.9.11", None, "system", "1.2"),
        Host("download.windowsupdate.com", "20.1.9.12", None, "system", None),
        Host("tlu.dl.delivery.mp.microsoft.com", "20.1.9.13", None, "system", None),
        Host("v10.events.data.microsoft.com", "20.1.9.14", None, "system"),
        Host("ocsp.digicert.com", "20.1.9.15", None, None, None),
        # the user
        Host("nav.smartscreen.microsoft.com", "20.1.10.10", "smartscreen", None, platform=True),
        Host("edge.microsoft.com", "20.1.10.11", None, "user"),
        Host("ntp.msn.com", "20.1.10.12", None, "user"),
        Host("config.edge.skype.com", "20.1.10.13", None, "user"),
        Host("tile-service.weather.microsoft.com", "20.1.10.14", None, "user", None),
        Host("www.contoso.com", "20.1.10.15", None, None),
        # Entra and Intune
        Host("login.microsoftonline.com", "20.1.11.10", None, None),
        Host("login.windows.net", "20.1.11.11", None, None),
        Host("login.live.com", "20.1.11.12", None, None),
        Host("device.login.microsoftonline.com", "20.1.11.13", None, "system"),
        Host("autologon.microsoftazuread-sso.com", "20.1.11.14", None, None),
        Host("aadcdn.msauth.net", "20.1.11.15", None, None),
        Host("manage.microsoft.com", "20.1.11.16", None, "system"),
        Host("r.manage.microsoft.com", "20.1.11.17", None, "system"),
        Host("enrollment.dm.microsoft.com", "20.1.11.18", None, None),
        Host("discovery.dm.microsoft.com", "20.1.11.19", None, None),
        # Azure Monitor, Automation and Arc
        Host("0f1e2d3c.ods.opinsights.azure.com", "20.1.12.10", None, None),
        Host("0f1e2d3c.oms.opinsights.azure.com", "20.1.12.11", None, None),
        Host("global.handler.control.monitor.azure.com", "20.1.12.12", None, "system"),
        Host("0f1e2d3c.agentsvc.azure-automation.net", "20.1.12.13", None, None),
        Host("gbl.his.arc.azure.com", "20.1.12.14", None, "system"),
        Host("agentserviceapi.guestconfiguration.azure.com", "20.1.12.15", None, "system"),
        # Windows
        Host("settings-win.data.microsoft.com", "20.1.13.10", None, None),
        Host("v20.events.data.microsoft.com", "20.1.13.11", None, "system"),
        Host("activation-v2.sls.microsoft.com", "20.1.13.12", None, None),
        Host("checkappexec.microsoft.com", "20.1.13.13", "smartscreen", None, platform=True),
        Host("oneocsp.microsoft.com", "20.1.13.14", "certificate-trust", None, tls=None, platform=True),
        Host("au.download.windowsupdate.com", "20.1.13.15", "security-intelligence-updates", "system", tls=None, platform=True),
        # Edge, an editor and Microsoft 365
        Host("msedge.api.cdp.microsoft.com", "20.1.14.10", None, None),
        Host("nav-edge.smartscreen.microsoft.com", "20.1.14.11", "smartscreen", "user", platform=True),
        Host("data-edge.smartscreen.microsoft.com", "20.1.14.12", "smartscreen", "user", platform=True),
        Host("browser.events.data.msn.com", "20.1.14.13", None, None),
        Host("self.events.data.microsoft.com", "20.1.14.14", None, "user"),
        Host("mobile.events.data.microsoft.com", "20.1.14.15", None, None),
        Host("default.exp-tas.com", "20.1.14.16", None, None),
        Host("vortex.data.microsoft.com", "20.1.14.17", None, None),
        Host("in.appcenter.ms", "20.1.14.18", None, None),
        Host("packages.microsoft.com", "20.1.14.19", None, None),
        Host("msdl.microsoft.com", "20.1.14.20", None, None),
        Host("ecs.office.com", "20.1.14.21", None, None),
        Host("officeclient.microsoft.com", "20.1.14.22", None, None),
        Host("nexus.officeapps.live.com", "20.1.14.23", None, None),
        Host("teams.microsoft.com", "20.1.14.24", None, None),
        Host("outlook.office365.com", "20.1.14.25", None, None),
        Host("contosodata.blob.core.windows.net", "20.1.14.26", None, None),
        Host("contoso-corpsensorapi.atp.azure.com", "20.1.14.27", None, None),
    )
}

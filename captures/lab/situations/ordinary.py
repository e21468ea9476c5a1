"""Ordinary Windows life: what Entra, Intune, Azure Monitor, an editor, Office and a browser ask for, beside Defender and without it."""

from __future__ import annotations

from dataclasses import replace

from captures.lab.scenarios import CNC, CNC_NEU, CTL, CYBER, PUSH, Activity, Scenario
from captures.lab.situations.situation import CLOUD, CNC_SERVICE, PROX01, PROX02, PROX03, Situation

LISTS = (
    Activity(0.4, "CryptoAPI", "ctldl.windowsupdate.com", "get", paths=(f"{CTL}disallowedcertstl.cab?a1b2", f"{CTL}authrootstl.cab?c3d4")),
    Activity(1.9, "CryptoAPI", "crl.microsoft.com", "get", paths=("/pki/crl/products/MicRooCerAut2011_2011_03_22.crl",)),
    Activity(3.5, "CryptoAPI", "oneocsp.microsoft.com", "get", paths=("/list",)),
    Activity(6.3, "CryptoAPI", "ocsp.digicert.com", "get", paths=("/list",)),
    Activity(0.2, "NCSI", "www.msftconnecttest.com", "get", paths=("/connecttest.txt",)),
    Activity(7.2, "DoSvc", "download.windowsupdate.com", "get", paths=("/list",)),
    Activity(8.6, "DoSvc", "au.download.windowsupdate.com", "get", paths=("/cabinet",)),
)
SYSTEM = (
    Activity(2.0, "wuauserv", "slscr.update.microsoft.com"),
    Activity(2.7, "wuauserv", "fe3cr.delivery.mp.microsoft.com", send=1_800),
    Activity(4.0, "DiagTrack", "v10.events.data.microsoft.com", times=3, every=4.0, send=2_500),
    Activity(5.5, "DiagTrack", "v20.events.data.microsoft.com", send=1_500),
    Activity(1.2, "DiagTrack", "settings-win.data.microsoft.com"),
    Activity(9.4, "sppsvc", "activation-v2.sls.microsoft.com"),
    # Entra and Intune
    Activity(0.9, "dsregcmd", "enterpriseregistration.windows.net"),
    Activity(1.6, "dsregcmd", "device.login.microsoftonline.com", times=2, every=7.0),
    Activity(3.0, "dsregcmd", "login.windows.net"),
    Activity(4.4, "omadmclient", "manage.microsoft.com"),
    Activity(4.9, "omadmclient", "r.manage.microsoft.com", times=2, every=5.0, send=2_000),
    Activity(5.1, "omadmclient", "checkin.dm.microsoft.com", times=2, every=6.0),
    Activity(6.0, "omadmclient", "discovery.dm.microsoft.com"),
    Activity(6.6, "omadmclient", "enrollment.dm.microsoft.com"),
    # Azure Monitor, Automation and Arc
    Activity(2.2, "MonitoringHost", "0f1e2d3c.ods.opinsights.azure.com", times=2, every=7.0, send=5_000),
    Activity(2.9, "MonitoringHost", "0f1e2d3c.oms.opinsights.azure.com", times=2, every=6.0),
    Activity(3.8, "MonitoringHost", "global.handler.control.monitor.azure.com"),
    Activity(7.9, "MonitoringHost", "0f1e2d3c.agentsvc.azure-automation.net"),
    Activity(8.3, "himds", "gbl.his.arc.azure.com"),
    Activity(9.0, "himds", "agentserviceapi.guestconfiguration.azure.com"),
)
USER = (
    Activity(1.4, "msedge", "edge.microsoft.com", fetch="page"),
    Activity(1.8, "msedge", "ntp.msn.com", fetch="page"),
    Activity(2.4, "msedge", "config.edge.skype.com"),
    Activity(3.1, "msedge", "nav-edge.smartscreen.microsoft.com", times=2, every=4.0),
    Activity(3.3, "msedge", "data-edge.smartscreen.microsoft.com"),
    Activity(4.6, "msedge", "browser.events.data.msn.com", send=1_200),
    Activity(5.2, "msedge", "self.events.data.microsoft.com", times=2, every=5.0, send=1_200),
    Activity(5.9, "msedge", "msedge.api.cdp.microsoft.com"),
    Activity(6.8, "explorer", "checkappexec.microsoft.com", hello="windows11"),
    Activity(2.6, "Code", "mobile.events.data.microsoft.com", times=2, every=6.0, send=2_800),
    Activity(4.1, "Code", "eu-mobile.events.data.microsoft.com", times=2, every=6.0, send=2_800),
    Activity(3.9, "Code", "default.exp-tas.com"),
    Activity(7.0, "Code", "vortex.data.microsoft.com"),
    Activity(7.5, "Code", "in.appcenter.ms"),
    Activity(8.8, "Code", "packages.microsoft.com"),
    Activity(9.2, "Code", "msdl.microsoft.com"),
    Activity(1.1, "OUTLOOK", "login.microsoftonline.com", times=2, every=8.0),
    Activity(1.3, "OUTLOOK", "autologon.microsoftazuread-sso.com"),
    Activity(1.7, "OUTLOOK", "aadcdn.msauth.net"),
    Activity(2.1, "OUTLOOK", "login.live.com"),
    Activity(4.7, "OUTLOOK", "ecs.office.com"),
    Activity(5.4, "OUTLOOK", "officeclient.microsoft.com"),
    Activity(6.1, "OUTLOOK", "nexus.officeapps.live.com", send=1_500),
    Activity(6.4, "OUTLOOK", "outlook.office365.com", exchanges=3, pause=1.0),
    Activity(7.7, "OUTLOOK", "teams.microsoft.com"),
    Activity(8.1, "OUTLOOK", "contosodata.blob.core.windows.net", send=4_000),
)
DEFENDER = (
    Activity(0.6, "MsSense", CNC, times=4, every=3.5, send=900, hello="windows11"),
    Activity(1.5, "MsSense", CYBER, times=5, every=2.5, send=3_000, hello="windows11"),
    Activity(2.5, "SenseCncProxy", CNC_NEU, exchanges=3, pause=2.0, hello="windows11"),
    Activity(3.6, "MsMpEng", "wdcp.microsoft.com", times=3, every=3.5, send=1_500, hello="windows11"),
    Activity(5.0, "MsMpEng", "europe.cp.wd.microsoft.com", hello="windows11"),
)
# the servers of these speak TLS 1.2 at most, and what is made by hand speaks 1.3
OLD_SERVERS = {CNC, "slscr.update.microsoft.com", "fe3cr.delivery.mp.microsoft.com", "checkin.dm.microsoft.com"}


def past_every_proxy(activities: tuple[Activity, ...]) -> tuple[Activity, ...]:
    """The same without any proxy: TLS and plain GETs straight to the hosts."""
    does = {"tunnel": "tls", "get": "fetch"}
    return tuple(replace(activity, does=does[activity.does], through="direct", port=PORT[activity.does]) for activity in activities)


PORT = {"tunnel": 443, "get": 80}


def spoken(activities: tuple[Activity, ...]) -> tuple[Activity, ...]:
    """The activities, each with a hello that its server understands."""
    return tuple(replace(activity, hello="tls12") if activity.host in OLD_SERVERS else activity for activity in activities)


OTHERS = "Entra, Intune, Azure Monitor, Windows Update, an editor, Office and Edge"
NOT_SAID = ["direct-allowed", "winner-changed", "fallback", "backlog-flush", "unknown-defender-name", "service-split"]

SITUATIONS = (
    Situation(
        Scenario(
            "windows-with-defender",
            "Ordinary Windows life beside Defender's",
            ("static", "winhttp", "wininet"),
            0.0,
            spoken(LISTS + SYSTEM + USER + DEFENDER) + PUSH,
            {"sensor": "static", "antivirus": "static", "system": "winhttp", "user": "wininet"},
            f"{OTHERS} talk through PROX01 and PROX02, far more than Defender through PROX03",
        ),
        "static won for sensor and antivirus, whatever the others do: none of their hosts votes in these planes",
        {
            "winner": {
                "plane:sensor": PROX03,
                "plane:antivirus": PROX03,
                "plane:system": PROX01,
                "plane:user": PROX02,
                CNC_SERVICE: PROX03,
                CLOUD: PROX03,
            },
            "certain": ["plane:sensor", "plane:antivirus", "plane:system", "plane:user"],
            "outcome": {"plane:sensor": "works", "plane:antivirus": "works", "plane:system": "works", "plane:user": "works"},
            "defender": {"172.16.11.92": "seen"},
            "no_finding": ["no-service-traffic", *NOT_SAID],
        },
    ),
    Situation(
        Scenario(
            "windows-without-defender",
            "The same PC without Defender for Endpoint",
            ("winhttp", "wininet"),
            0.0,
            spoken(LISTS + SYSTEM + USER) + PUSH,
            {"sensor": "none", "antivirus": "none", "system": "winhttp", "user": "wininet"},
            f"{OTHERS} talk through PROX01 and PROX02, and nobody else does",
        ),
        "no Defender traffic: sensor and antivirus aren't judged; WinHTTP won for SYSTEM, WinINET for the user",
        {
            "no_plane": ["sensor", "antivirus"],
            "winner": {"plane:system": PROX01, "plane:user": PROX02},
            "outcome": {"plane:system": "works", "plane:user": "works"},
            "defender": {"172.16.11.92": "not-seen"},
            "finding": ["no-service-traffic"],
            "no_finding": NOT_SAID,
        },
    ),
    Situation(
        Scenario(
            "windows-without-proxy",
            "The same PC without Defender in a network without proxies",
            (),
            0.0,
            past_every_proxy(spoken(LISTS + SYSTEM)),
            {"sensor": "none", "antivirus": "none", "system": "none", "user": "none"},
            "Entra, Intune, Azure Monitor and Windows Update go straight to the internet, which lets them",
            gateway_policy="allow",
        ),
        "no Defender traffic, no proxy, nothing failed: everything direct was answered",
        {
            "no_plane": ["sensor", "antivirus"],
            "not_carried_by_proxy": True,
            "direct_outcome": {"answered": sum(activity.times for activity in LISTS + SYSTEM)},
            "defender": {"172.16.11.92": "not-seen"},
            "proxies": [],
            "finding": ["no-service-traffic"],
            "no_finding": ["direct-blocked", "winner-changed", "fallback", "backlog-flush", "revocation-unreachable"],
        },
        topology=False,
    ),
)

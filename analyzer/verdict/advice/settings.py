"""Every setting that advice names: its system, its place, the value to write, and Microsoft's page about it.

`{proxy}` in a command is the proxy as ip:port: the finding's, else the topology's proxy with the setting's method, else the only proxy
that worked; where none of these is known, HOST:PORT.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from analyzer.verdict.advice.pages import ANTIVIRUS, ENVIRONMENT, LINUX, MACOS, NETWORK_PROXY, PROXY, VERIFY, Page

WINDOWS, MAC, UNIX = "Windows", "macOS", "Linux"
AT_THE_PROXY: Final = "proxy"
"""In place of a system: a setting of the proxy, not of the client."""

UNKNOWN_PROXY: Final = "HOST:PORT"

_POLICIES: Final = r"HKLM\SOFTWARE\Policies\Microsoft"
_COLLECTION: Final = rf"{_POLICIES}\Windows\DataCollection"
_TEMPLATES: Final = "Group Policy: Administrative Templates > Windows Components"


class Setting(NamedTuple):
    """A setting as advice names it.

    name    its name
    system  Windows, macOS or Linux; "proxy": a setting of the proxy
    where   the registry key and the policy, the command's name, or the file
    change  what to write there, as a command where there is one
    why     its effect, and what to know before changing it
    page    its source
    method  the topology's method for a proxy that is set this way; "": any
    """

    name: str
    system: str
    where: str
    change: str
    why: str
    page: Page
    method: str = ""

    def to_dict(self, proxy: str | None) -> dict[str, Any]:
        """The setting as in the document."""
        change = self.change if proxy else self.change.replace(" --proxy {proxy}", "")  # the lists then cover all proxies
        return {
            "name": self.name,
            "system": self.system,
            "where": self.where,
            "change": change.replace("{proxy}", proxy or UNKNOWN_PROXY),
            "why": self.why,
            "source": self.page.url,
            "date": self.page.date,
        }


TELEMETRY_PROXY: Final = Setting(
    "TelemetryProxyServer",
    WINDOWS,
    rf"{_COLLECTION}; {_TEMPLATES} > Data Collection and Preview Builds > Configure connected user experiences and telemetry",
    f'reg add "{_COLLECTION}" /v TelemetryProxyServer /t REG_SZ /d {{proxy}} /f',
    "The sensor's static proxy: host and port, no scheme, no blanks. It is read from the policy's key; don't deploy it through MDM.",
    PROXY,
    "static",
)
NO_AUTHENTICATED_PROXY: Final = Setting(
    "DisableEnterpriseAuthProxy",
    WINDOWS,
    rf"{_COLLECTION}; {_TEMPLATES} > Data Collection and Preview Builds > Configure Authenticated Proxy usage for the Connected User "
    "Experience and Telemetry Service",
    f'reg add "{_COLLECTION}" /v DisableEnterpriseAuthProxy /t REG_DWORD /d 1 /f',
    "Belongs to TelemetryProxyServer: both are to be set.",
    PROXY,
)
PREFER_STATIC: Final = Setting(
    "PreferStaticProxyForHttpRequest",
    WINDOWS,
    rf"{_POLICIES}\Windows Advanced Threat Protection",
    rf'reg add "{_POLICIES}\Windows Advanced Threat Protection" /v PreferStaticProxyForHttpRequest /t REG_DWORD /d 1 /f',
    "For devices that can't use the default WinHTTP proxy for revocation lists or Windows Update: the sensor then prefers "
    "TelemetryProxyServer. From MsSense.exe 10.8210 or 10.8049 on.",
    PROXY,
)
STATIC_FALLS_BACK: Final = Setting(
    "TelemetryProxyServer",
    WINDOWS,
    rf"{_COLLECTION}; {_TEMPLATES} > Data Collection and Preview Builds > Configure connected user experiences and telemetry",
    f'reg add "{_COLLECTION}" /v TelemetryProxyServer /t REG_SZ /d {{proxy}} /f',
    "The sensor goes direct when it can't reach this proxy: mend the proxy, or name one here that answers.",
    VERIFY,
    "static",
)
ANTIVIRUS_PROXY: Final = Setting(
    "ProxyServer",
    WINDOWS,
    rf"{_POLICIES}\Windows Defender; {_TEMPLATES} > Microsoft Defender Antivirus > Define proxy server for connecting to the network",
    'Set-MpPreference -ProxyServer "http://{proxy}"',
    "The antivirus' own static proxy, with its scheme; it is independent of the sensor's. The last proxy that worked is remembered, so "
    "a change may take a while. Its updates from Windows Update don't use it.",
    PROXY,
    "static",
)
ANTIVIRUS_PAC: Final = Setting(
    "ProxyPacUrl",
    WINDOWS,
    f"{_TEMPLATES} > Microsoft Defender Antivirus > Define proxy auto-config (.pac) for connecting to the network",
    'Set-MpPreference -ProxyPacUrl "URL"',
    "The antivirus' own PAC file.",
    PROXY,
)
ANTIVIRUS_BYPASS: Final = Setting(
    "ProxyBypass",
    WINDOWS,
    f"{_TEMPLATES} > Microsoft Defender Antivirus > Define addresses to bypass proxy server",
    "Get-MpPreference | Select-Object ProxyServer, ProxyPacUrl, ProxyBypass",
    "Addresses that the antivirus goes to without its proxy: none of Defender's hosts belongs there where direct is blocked.",
    PROXY,
)
REVOCATION_CHECK: Final = Setting(
    "SSLOptions",
    WINDOWS,
    rf"{_POLICIES}\Windows Defender\Spynet",
    rf'reg add "{_POLICIES}\Windows Defender\Spynet" /v SSLOptions /t REG_DWORD /d 2 /f',
    "Only where no way to the lists can be opened: switches off the antivirus cloud's revocation checks. Microsoft: not a best practice.",
    ANTIVIRUS,
)
WINHTTP_PROXY: Final = Setting(
    "netsh winhttp",
    WINDOWS,
    "an elevated prompt on the device; netsh winhttp show proxy says what is set",
    "netsh winhttp set proxy {proxy}",
    "The machine's proxy: the sensor's where it has no static one, the antivirus', Windows Update's, and that of revocation lists.",
    PROXY,
    "winhttp",
)
WINHTTP_FOR_LISTS: Final = Setting(
    "netsh winhttp",
    WINDOWS,
    "an elevated prompt on the device; netsh winhttp show proxy says what is set",
    "netsh winhttp set proxy {proxy}",
    "The preferred cure: Windows fetches revocation lists itself, by the machine's proxy and by no setting of Defender's.",
    ANTIVIRUS,
    "winhttp",
)
WININET_PROXY: Final = Setting(
    "NetworkProxy",
    WINDOWS,
    "the user's proxy settings (WinINET), or by MDM ./Vendor/MSFT/NetworkProxy: ProxyServer/ProxyAddress, ProxySettingsPerUser",
    "./Vendor/MSFT/NetworkProxy/ProxyServer/ProxyAddress = {proxy}",
    "For the user's programs. ProxySettingsPerUser = 0 makes it the machine's. The sensor doesn't use it.",
    NETWORK_PROXY,
    "wininet",
)
PAC_FILE: Final = Setting(
    "NetworkProxy/SetupScriptUrl",
    WINDOWS,
    "the user's proxy settings (setup script), or by MDM ./Vendor/MSFT/NetworkProxy: SetupScriptUrl, AutoDetect",
    "./Vendor/MSFT/NetworkProxy/SetupScriptUrl = URL",
    "Automatic detection (AutoDetect) is tried first, then this PAC file, then the static proxy, then direct.",
    NETWORK_PROXY,
)
LINUX_PROXY: Final = Setting(
    "mdatp config proxy",
    UNIX,
    "the device, or cloudService.proxy in /etc/opt/microsoft/mdatp/managed/mdatp_managed.json",
    "mdatp config proxy set --value http://{proxy}",
    "Defender's static proxy on Linux; HTTPS_PROXY of the installation is another setting.",
    LINUX,
)
MAC_PROXY: Final = Setting(
    "the Mac's proxy",
    MAC,
    "System Settings > Network > Proxies, or a profile: PAC file, WPAD, or a static proxy",
    "static proxy {proxy}",
    "Defender on macOS uses the system's proxy; proxies that want authentication or open TLS aren't supported.",
    MACOS,
)
NO_AUTHENTICATION: Final = Setting(
    "authentication",
    AT_THE_PROXY,
    "the proxy's access rules, above every rule that asks for credentials",
    "let Defender's hosts through without authentication; whichproxy report CAPTURE --proxy {proxy} --allow squid writes the list",
    "Defender connects as the operating system, which has no credentials to give.",
    ENVIRONMENT,
)
ALLOW_LIST: Final = Setting(
    "allow list",
    AT_THE_PROXY,
    "the proxy's access rules",
    "let Defender's hosts through; whichproxy report CAPTURE --proxy {proxy} --allow squid writes the list",
    "No rule may deny the hosts of Microsoft's lists.",
    ENVIRONMENT,
)
NO_INSPECTION: Final = Setting(
    "TLS inspection",
    AT_THE_PROXY,
    "the proxy's list of what isn't decrypted",
    "don't open Defender's own hosts; whichproxy report CAPTURE --proxy {proxy} --no-inspection plain writes the list",
    "Defender checks certificates itself, and breaks off where TLS is opened. Never exclude *.blob.core.windows.net as a whole.",
    ENVIRONMENT,
)

SETTINGS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Setting))
"""All of them, in the order of this file."""

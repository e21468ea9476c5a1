"""The texts of docs/article.md that don't depend on the captures."""

from __future__ import annotations

from typing import Final

from analyzer.verdict.advice.pages import PROXY

ABOUT: Final = """
The article's author watched Defender at a gateway. Here stand-ins that follow the documented rules were watched in the same way
([how](../captures/README.md)).

- **shown**: packets at a gateway show it, and whichproxy reads it from them. That Defender itself behaves in this way is the author's
  observation; your own capture shows whether it does on your network.
- **unclear**: the packets fit the claim, but aren't enough to be sure.
- **not here**: nothing in these captures shows whether it is so.

Every figure is read from the captures when this page is written (`python -m docs.build`), and a test reads them again. To see the flows
yourself:

```sh
whichproxy study captures/study.toml -o study.html
whichproxy slice captures/T2-winhttp-wininet.pcapng --flow ID -o flow.pcapng
```
"""

SILENT: Final = """
## What the laboratory can't show

- **Defender's own processes.** No Windows took part: curl, OpenSSL and Python play MsSense, MsMpEng, CryptoAPI, Edge and others. Each
  chooses its proxy by [rules](../captures/lab/components.py) taken from Microsoft's documents and this article. The captures show what
  these rules look like in packets; they can't prove the rules.
- **The antivirus.** The article names it once, for the static proxy. The laboratory assumes that it uses the sensor's proxy in every
  test. Microsoft documents a policy for it (static proxy, PAC file, Internet Explorer's settings) and the system-wide WinHTTP proxy,
  which it recommends where the antivirus cloud can't be reached. So tests 1 and 2 are as documented.
- **The sensor over WinINET.** Microsoft's text names static, `netsh winhttp`, WPAD, transparent and direct, and calls WinINET
  independent of the sensor. Test 3 with a user differs from that text; the article observed the same.
- **Processes and accounts.** Packets have neither. A request's plane (sensor, antivirus, system, user) is derived from its host.
- **Methods.** Packets show which proxy was asked. Only the topology file says that PROX01 is configured by WinHTTP.
- **The portal.** The device timeline, the live response window and the cache on the workstation are outside the network.
- **The Client Analyzer.** It didn't run here. If a [study](study.md) has its results, each of its lines is compared with the capture.
- **How long things take.** Minutes of the article take seconds here. Payload sizes, pace and paths of uploads are made up.
- **Settings that weren't used here**: WPAD and PAC files, `PreferStaticProxyForHttpRequest`, `SSLOptions`, proxies that ask for a
  password.

To check Defender itself, capture at your gateway and describe your tests in a study of your own: its page has the same statements
about your network.
"""

OFFLINE: Final = (
    "`PreferStaticProxyForHttpRequest`=1 for the sensor "
    "([proxy settings](https://learn.microsoft.com/en-us/defender-endpoint/configure-proxy-internet)) and `SSLOptions`=2 for the antivirus "
    "([network connections](https://learn.microsoft.com/en-us/defender-endpoint/configure-network-connections-microsoft-defender-antivirus))"
)

THREE_TYPES_SAID: Final = (
    "Defender for Endpoint supports three types of proxy configurations: static by policy or registry, WinINET through the user's "
    "sessions, WinHTTP through SYSTEM"
)
THREE_TYPES: Final = (
    f"Microsoft's page names other ones for the sensor ([text of {PROXY.date}]({PROXY.url})): automatic discovery (WPAD, or a transparent "
    "proxy), the static proxy `TelemetryProxyServer`, and the system-wide WinHTTP proxy (`netsh winhttp`). WinINET isn't among them: "
    "WinHTTP's configuration is independent of it. The antivirus has settings of its own, a static proxy and a PAC file, "
    "and macOS and Linux have others again. In test 3 the article observed something else"
)

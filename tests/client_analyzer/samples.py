"""What the Client Analyzer prints, as its makers, the article and others quote it."""

from __future__ import annotations

ARTICLE = """Connectivity output, using psexec -s:

Proxy config: Method=NamedWinHttp, address=172.16.12.10:3128
********************************************************************\x20
Testing URL : https://winatp-gw-weu.microsoft.com/commands/test
1 - Default proxy: Succeeded (200)
2 - Proxy auto discovery (WPAD): Succeeded (200)
3 - Proxy disabled: Failed (12002: WinHttpSendRequest: 12002: The operation timed out)
4 - Named proxy: Doesn't exist
5 - Command line proxy: Doesn't exist
"""

DOCUMENTED = """Testing URL : https://xxx.microsoft.com/xxx
1 - Default proxy: Succeeded (200)
2 - Proxy auto discovery (WPAD): Succeeded (200)
3 - Proxy disabled: Succeeded (200)
4 - Named proxy: Doesn't exist
5 - Command line proxy: Doesn't exist
"""

NO_PROXY = "Proxy config: Method=Direct, address=\r\n"

EVENT = (
    "2025-11-30 21:36:21Z [Informational] EDRCloud AutoIR 130019: Test connection to the Microsoft Defender for Endpoint (AutoIR) "
    "cloud service URLs completed successfully. N/A"
)

MDATP = """Testing connection with https://cdn.x.cp.wd.microsoft.com/ping ... [OK]
Testing connection with https://winatp-gw-cus.microsoft.com/test ... [ERROR: curl error 35]
"""

SETTINGS = """########################### PROXY SETTINGS ################################
The detected Proxy settings in device path (HKLM) are :  172.16.12.10:3128
ProxyEnable is set to :  1
Optional PreferStaticProxyForHttpRequest setting is: 1
Successfully connected to Host: global.notify.windows.com on Port: 443
Could not connect to Host: client.wns.windows.com on Port: 443
StatusCode for http://ctldl.windowsupdate.com/pinrulesstl.cab IS : OK
Exception occurred for http://crl.microsoft.com/x.crl :timed out
The cert issuer for https://winatp-gw-weu.microsoft.com is :
CN=Microsoft Secure Server CA 2011
"""

XML = """<?xml version="1.0" encoding="utf-16"?>
<MDEResults><general><scriptVersion displayName="Script version"><value>08May2024</value></scriptVersion></general>
<devInfo><proxy displayName="System-wide WinHTTP proxy"><value>Direct access (no proxy server).</value><alert>None</alert></proxy></devInfo>
<events><event id="132021"><severity>Error</severity><category>Connectivity</category><check>EDRCloud CnC</check>
<checkresult>All test &lt;a href='https://x.example'&gt;connections&lt;/a&gt; failed</checkresult>
<guidance>Check the proxy</guidance></event>
<event id="999"><severity>Avviso</severity></event></events></MDEResults>"""

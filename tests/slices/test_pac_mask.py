"""PAC files under other names still name as many proxies."""

from __future__ import annotations

from analyzer.routes.discovery import proxies_of
from analyzer.services.catalogue import load_catalogue
from analyzer.slices.names import Names
from analyzer.slices.pac_mask import masked_pac

NAMES = Names(b"key", load_catalogue())
PAC = b"""function FindProxyForURL(url, host) {
  // written by anna@contoso.com
  if (dnsDomainIs(host, ".contoso.com") || isInNet(host, "10.20.0.0", "255.255.0.0")) return "DIRECT";
  /* PROXY old.contoso.com:8080 */ var annasProxy = "PROXY proxy01.contoso.com:3128; SOCKS5 10.20.30.40:1080; DIRECT";
  return shExpMatch(url.toLowerCase(), "*/secretproject/*") ? annasProxy : "PROXY winatp-gw-neu.microsoft.com:8080";
}
"""


def test_proxies_stay_and_names_go() -> None:
    made = masked_pac(PAC, NAMES)
    assert len(made) == len(PAC) and made.count(b"\n") == PAC.count(b"\n")
    for secret in (b"anna", b"contoso", b"10.20.", b"secretproject"):
        assert secret in PAC and secret not in made
    assert proxies_of(made.decode()) == [
        f"{NAMES.host(b'proxy01.contoso.com').decode()}:3128",
        f"{NAMES.host(b'10.20.30.40').decode()}:1080",
        "winatp-gw-neu.microsoft.com:8080",
    ]
    assert b"function FindProxyForURL(url, host) {" in made and b'"255.255.0.0"' in made and b"shExpMatch(url.toLowerCase()," in made


def test_chunks_keep_their_sizes() -> None:
    assert masked_pac(b"1a4\r\nfunction FindProxyForURL(abc)\r\n0\r\n", NAMES).startswith(b"1a4\r\nfunction FindProxyForURL(")

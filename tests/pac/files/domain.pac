function FindProxyForURL(url, host) {
  if (dnsDomainIs(host, ".microsoft.com") || dnsDomainIs(host, "wns.windows.com")) return "PROXY ms:3128";
  return "PROXY p:3128";
}

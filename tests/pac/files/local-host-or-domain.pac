function FindProxyForURL(url, host) {
  if (localHostOrDomainIs(host, "intranet.contoso.example")) return "DIRECT";
  return "PROXY p:3128";
}

function FindProxyForURL(url, host) {
  return "PROXY level" + dnsDomainLevels(host) + ":3128";
}

function FindProxyForURL(url, host) {
  return FindProxyForURL(url, host);
}

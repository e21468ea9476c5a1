function FindProxyForURL(url, host) {
  return isResolvable(host) ? "DIRECT" : "PROXY p:3128";
}

function FindProxyForURL(url, host) {
  return host === host.toLowerCase() ? "PROXY lower:3128" : "PROXY upper:3128";
}

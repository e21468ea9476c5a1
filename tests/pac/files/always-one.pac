function FindProxyForURL(url, host) {
  return "PROXY 172.16.12.10:3128";
}

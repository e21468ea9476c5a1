function FindProxyForURL(url, host) {
  return "PROXY 172.16.12.10:3128; PROXY 172.16.12.11:3128; DIRECT";
}

function FindProxyForURL(url, host) {
  if (isInNet(host, "10.1.2.0", "255.255.255.0")) return "DIRECT";
  if (isInNet(host, "198.51.100.0", "255.255.255.0")) return "PROXY docs:3128";
  return "PROXY p:3128";
}

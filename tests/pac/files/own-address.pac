function FindProxyForURL(url, host) {
  if (isInNet(myIpAddress(), "10.1.2.0", "255.255.255.0")) return "PROXY branch:3128";
  return "PROXY hq:3128";
}

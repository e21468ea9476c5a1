function FindProxyForURL(url, host) {
  return "PROXY p" + myIpAddress().split(".")[3] + ":3128";
}

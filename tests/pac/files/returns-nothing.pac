function FindProxyForURL(url, host) {
  if (host === "winatp-gw-weu.microsoft.com") return "PROXY p:3128";
}

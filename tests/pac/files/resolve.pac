function FindProxyForURL(url, host) {
  var ip = dnsResolve(host);
  return ip === null ? "PROXY none:3128" : "PROXY " + ip.replace(/\./g, "-") + ":3128";
}

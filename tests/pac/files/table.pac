function FindProxyForURL(url, host) {
  var ways = { "winatp-gw-weu.microsoft.com": "PROXY mde:3128", "crl.microsoft.com": "DIRECT" };
  if (ways.hasOwnProperty(host)) return ways[host];
  return url.substring(0, 5) === "https" ? "HTTPS tls:8443; SOCKS5 s:1080" : "SOCKS s:1080";
}

function FindProxyForURL(url, host) {
  if (shExpMatch(host, "*.blob.core.windows.net") || shExpMatch(host, "winatp-gw-???.microsoft.com")) return "PROXY mde:3128";
  if (shExpMatch(url, "https://*/") && shExpMatch(host, "*.endpoint.security.microsoft.com")) return "PROXY stream:3128";
  return "DIRECT";
}

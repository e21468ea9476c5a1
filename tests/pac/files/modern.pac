function FindProxyForURL(url, host) {
  const { endsWith } = String.prototype;
  const rules = [[".windows.net", "storage"], [".microsoft.com", "ms"]];
  const found = rules.find(([suffix]) => host.endsWith(suffix));
  return `PROXY ${found?.[1] ?? "other"}:3128`;
}

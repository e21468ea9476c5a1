function FindProxyForURL(url, host) {
  return [timeRange(0, 23), timeRange(0, 0, 23, 59), timeRange(0, 0, 0, 23, 59, 59), timeRange(12), timeRange(6, 18, "GMT"), timeRange(22, 0, 6, 0)].join(" ");
}

function FindProxyForURL(url, host) {
  return nowhere.defined;
}

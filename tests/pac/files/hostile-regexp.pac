function FindProxyForURL(url, host) {
  return /^(a+)+$/.test(new Array(64).join("a") + "!") ? "DIRECT" : "PROXY p:3128";
}

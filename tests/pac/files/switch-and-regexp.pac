function FindProxyForURL(url, host) {
  switch (true) {
    case /^eu-v\d+\.events\./.test(host): return "PROXY cyber:3128";
    case /\.(wdcp|wdcpalt)\.microsoft\.com$/.test("." + host): return "PROXY maps:3128";
    default: return "DIRECT";
  }
}

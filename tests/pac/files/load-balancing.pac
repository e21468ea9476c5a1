function FindProxyForURL(url, host) {
  var sum = 0;
  for (var i = 0; i < host.length; i++) sum += host.charCodeAt(i);
  return "PROXY p" + (sum % 3) + ":3128; PROXY p" + ((sum + 1) % 3) + ":3128";
}

function FindProxyForURL(url, host) {
  for (;;) { try { for (;;) {} } catch (e) { continue; } }
}

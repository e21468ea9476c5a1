function FindProxyForURL(url, host) {
  return weekdayRange("MON", "FRI") ? "PROXY work:3128" : weekdayRange("SAT", "SUN") ? "PROXY rest:3128" : "DIRECT";
}

function FindProxyForURL(url, host) {
  return weekdayRange("SAT", "FRI") + " " + weekdayRange("THU") + " " + weekdayRange("FRI", "WED", "GMT") + " " + weekdayRange("SUN", "SAT");
}

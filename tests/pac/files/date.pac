function FindProxyForURL(url, host) {
  return [dateRange("JAN", "DEC"), dateRange(1, 31), dateRange(2020, 2040), dateRange("NOV"), dateRange(1, "JAN", 2020, 31, "DEC", 2040), dateRange("JUN", 2020, "MAY", 2021), dateRange(1, "NOV", 30, "NOV"), dateRange(2026, "GMT"), dateRange(26)].join(" ");
}

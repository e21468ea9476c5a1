"""Many gateways over months: the winners at each gateway, their first days, and changes, from the rows that capture jobs write."""

"""Many gateways over months: from the rows that capture jobs leave to who won where, since when, and what changed."""

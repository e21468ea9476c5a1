"""A topology proposed from traffic: what the packets show as entries, what they only suggest as comments."""

"""frames → packets: addresses, ports, flags, sequence numbers and the payload's place, with tunnels and tags removed."""

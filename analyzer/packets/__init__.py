"""frames → packets: addresses, ports, flags, sequence numbers and where the payload lies, tunnels and tags peeled off."""

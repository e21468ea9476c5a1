"""Services: which Defender service a host name belongs to, by which rule, and in which plane."""

"""Services: which Defender service a host name belongs to, by which rule, and whose traffic it is."""

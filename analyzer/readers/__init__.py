"""bytes → messages: one file for each protocol; a reader returns its finding and the position behind it."""

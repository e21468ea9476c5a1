"""bytes → messages: one file for each protocol; each says what it read, and where that ends."""

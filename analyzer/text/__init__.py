"""What every floor says things with. It imports no other room."""

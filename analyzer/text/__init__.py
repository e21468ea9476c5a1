"""Text for every other room: formatting, escaping, times, file names. It imports no other room."""

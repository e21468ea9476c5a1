"""The report as one self-contained HTML file: no network, no other file, no library."""

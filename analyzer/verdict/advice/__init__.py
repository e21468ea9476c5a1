"""The setting to change: what each finding asks for, where it is set, who says so, and what the packets must show afterwards."""

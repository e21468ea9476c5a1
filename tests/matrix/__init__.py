"""Every verb, in every form of output, over every capture: what a user would type, each in a process of its own."""

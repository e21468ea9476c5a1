"""PAC files: what one returns for each of Defender's hosts, computed in a child process, beside what was done."""

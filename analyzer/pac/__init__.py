"""PAC files: a file's result for each of Defender's hosts, computed in a child process and compared with the capture."""

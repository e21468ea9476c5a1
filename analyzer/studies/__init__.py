"""Studies: the article's experiment on somebody's own network, several tests with what was expected of each.

The package isn't called study: that is the function `analyzer.study`.
"""

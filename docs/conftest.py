"""What pytest leaves alone here: the settings and the output of the build, which needs more than the tests do."""

collect_ignore = ["conf.py", "_build"]

"""One file a paper: the typed settings, the method itself, and how its rows are prepared."""

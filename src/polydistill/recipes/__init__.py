"""One module a paper: each function returns a Run, each table is a list of rows of Runs."""

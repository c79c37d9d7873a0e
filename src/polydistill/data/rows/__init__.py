"""Rows from anywhere: sources, the shapes of rows, layouts of files, labels."""

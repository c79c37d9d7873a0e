"""What a finished run is worth: results, significance, tables in the papers' shape, plots, one HTML page."""

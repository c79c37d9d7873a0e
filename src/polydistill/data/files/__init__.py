"""Files as they lie on a disk: lines, zips, records, paths, and tables that grow larger than memory."""

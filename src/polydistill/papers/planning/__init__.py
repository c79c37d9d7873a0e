"""What a table would take, without running anything."""

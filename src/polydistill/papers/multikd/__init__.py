"""MultiKD and MBLM (2022)."""

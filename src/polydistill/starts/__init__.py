"""Where a student and its teachers come from: loaded strictly, from the hub or from folders."""

"""What it costs to decide, by the number of rules."""

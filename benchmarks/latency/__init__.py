"""From the post of a new alert until its webhook arrives, at rest and under load."""

"""The day in a minute: what a large company's gateway takes in a day, as Prometheus sends it."""

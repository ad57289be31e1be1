"""Reading the chains of 2,000 servers on loopback, beside what else could read them."""

"""What is said of one certificate in 398 days."""

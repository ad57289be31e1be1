"""How quickly the timeline answers, and how much it takes in."""

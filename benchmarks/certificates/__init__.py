"""What it costs to judge an inventory, and to ask who wants to hear of it."""

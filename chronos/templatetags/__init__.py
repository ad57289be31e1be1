"""What templates of the timeline use."""

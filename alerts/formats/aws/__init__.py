"""What Amazon's cloud sends: messages of SNS and events of EventBridge, and what stands in them."""

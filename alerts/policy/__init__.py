"""What decides about alerts, as pure values: rules, silences, inhibitions, subscriptions."""

"""How dates are written; Django looks for them by language."""

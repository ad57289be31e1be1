"""Policy documents of IAM: their canonical form, and what they allow. Pure: no queries."""

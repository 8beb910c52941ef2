"""What the three token-refresh functions share: reading answers, mapping errors, rotating secrets safely."""

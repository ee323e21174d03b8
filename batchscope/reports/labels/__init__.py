"""How right the labels are."""

"""The published figures, as tables beside ours."""

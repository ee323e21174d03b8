"""What takes a device's memory."""

"""The offline engine: started once, then one run after the other is timed on it."""

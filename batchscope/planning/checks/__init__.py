"""What is looked at before a sweep costs anything: one module a subject, all in `registry`."""

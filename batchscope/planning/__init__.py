"""What a sweep would do, how long it would take, and how it would go through a cluster's queue."""

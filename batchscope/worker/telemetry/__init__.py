"""What is recorded beside the clock: engine steps, hardware, the machine and its versions."""

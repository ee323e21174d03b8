"""What is recorded during a measurement: engine steps, hardware samples, the machine and its versions."""

"""How a job gets its engine, holds its device, ends with its workflow, and keeps what was measured."""

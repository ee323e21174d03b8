"""What is fed to an engine: texts, prompts, the words that mean a label, and model folders."""

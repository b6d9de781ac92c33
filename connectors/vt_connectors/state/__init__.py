"""What processes share: where it lies, how it is opened, what happens when it cannot be."""

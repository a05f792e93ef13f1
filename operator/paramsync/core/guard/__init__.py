"""What is kept back until a person approves it: a chain of small rules, one to a module."""

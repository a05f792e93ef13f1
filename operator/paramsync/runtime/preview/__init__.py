"""What the operator would do, found out without an operator: for the command line. Nothing here writes."""

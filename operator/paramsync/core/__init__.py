"""The rules: from parameters to a plan. No I/O, no clock, no log."""

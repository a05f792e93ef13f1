"""The four promises, checked against what was requested, listed and logged. None of the operator's rules are used."""

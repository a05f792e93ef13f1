"""The benchmark: the operator as a process, a control plane, and the load stub in the place of AWS.

Counts are asserted against their bounds. CPU, memory and times depend on the machine, and are shown.
"""

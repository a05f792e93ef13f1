"""The operator as a process, killed or paused at random moments while parameters and specs change all the time.

A reader watches every event of the targets. What must be true of each event is in `rules`, which is pure.
"""

"""The rights in AWS that syncs need: the least policies of every role that takes part, and who may assume it."""

"""The chapters of the leak test, by topic, and those who quote what they are shown."""

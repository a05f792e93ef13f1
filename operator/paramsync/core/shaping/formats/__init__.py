"""What a key holds that is a file of many parameters: one module to a format, and a registry of them."""

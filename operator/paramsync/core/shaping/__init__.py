"""What applications get: values taken apart and decoded, keys, files, and texts with several values in them."""

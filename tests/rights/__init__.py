"""What an account may do, compared with what it did."""

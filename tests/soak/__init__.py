"""The soak: feeds over boto3 and the load stub, in one process, with faults and with time that goes faster."""

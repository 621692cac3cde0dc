"""What happened between a POS and Qerko: recorded, verified, replayed."""

"""Where web servers come in: every environ made the same, and the protocols that no kept library speaks."""

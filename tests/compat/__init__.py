"""Code written for older versions."""

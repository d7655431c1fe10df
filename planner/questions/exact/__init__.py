"""What is exactly known of a trial before it is simulated: laws of its statistics, and power from them."""

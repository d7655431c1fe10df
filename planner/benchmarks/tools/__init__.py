"""What else simulates power: small programs, each as the manual of its tool would have it, without planner.

Each is run in a process of its own by path, `by_scipy.py TRIALS SEED PARAMETERS`, prints its version and the
power that it finds, and imports nothing of planner, so that its start is that of the tool. Those in Python
are also imported, to be timed by turns with planner; those in R time themselves.
"""

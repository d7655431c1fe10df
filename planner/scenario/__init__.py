"""What a trial is: every setting declared once, read, resolved, written."""

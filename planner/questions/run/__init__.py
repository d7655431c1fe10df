"""Power, early stops, expected size and bias of a trial."""

"""Which hypothesis is the true one: how often the data of a trial would name it, and how surely."""

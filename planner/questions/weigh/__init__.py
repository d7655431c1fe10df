"""How probable an observed result is under each hypothesis, and the weight that this gives them."""

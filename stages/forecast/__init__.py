"""What a run of stages would do, and how long it takes: worked out beforehand, from outside."""

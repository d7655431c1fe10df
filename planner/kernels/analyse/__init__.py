"""What several analyses share: sums, groups, a covariate, exact counts."""

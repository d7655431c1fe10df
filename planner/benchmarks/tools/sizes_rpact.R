# Patients that a two-sample t test needs, by rpact's getSampleSizeMeans: exact. Parameters: shift in SD, power.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))
need("rpact")
design <- getDesignGroupSequential(kMax = 1, alpha = 0.025, sided = 1, beta = 1 - parameters[2])

report(packageVersion("rpact"), function() 2 * ceiling(getSampleSizeMeans(
  design, groups = 2, alternative = parameters[1], stDev = 1, normalApproximation = FALSE)$nFixed / 2))

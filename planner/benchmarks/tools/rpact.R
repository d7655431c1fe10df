# The power of a two-sample t test by rpact, with one look.
# The one-sided test at 0.025 has the power of the two-sided at 0.05.
# Parameters: patients of a group, shift in SD.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))
need("rpact")
design <- getDesignGroupSequential(kMax = 1, alpha = 0.025, sided = 1)

report(packageVersion("rpact"), function() as.vector(getSimulationMeans(
  design = design, groups = 2, normalApproximation = FALSE, alternative = parameters[2], stDev = 1,
  plannedSubjects = 2 * parameters[1], maxNumberOfIterations = trials, seed = given[2])$overallReject))

# The power of a 2x2x4 trial with the EMA's widened limits, patients simulated, by PowerTOST.
# Parameters: patients, CV within of both products, true ratio of geometric means.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))
need("PowerTOST")

power <- function() {
  power.scABEL.sdsims(
    theta0 = parameters[3], CV = parameters[2], n = parameters[1], design = "2x2x4", regulator = "EMA",
    nsims = trials, setseed = FALSE, progress = FALSE
  )
}

report(packageVersion("PowerTOST"), function() as.numeric(power()))

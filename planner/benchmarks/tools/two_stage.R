# The power of Potvin's method B, by Power2Stage.
# Parameters: patients of stage 1, CV within, true ratio of geometric means, most patients of both stages.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))
need("Power2Stage")

power <- function() {
  power.tsd(
    method = "B", alpha = c(0.0294, 0.0294), n1 = parameters[1], CV = parameters[2], GMR = 0.95,
    theta0 = parameters[3], targetpower = 0.8, pmethod = "nct", Nmax = parameters[4], nsims = trials,
    setseed = FALSE
  )$pBE
}

report(packageVersion("Power2Stage"), function() as.numeric(power()))

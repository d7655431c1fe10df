# Patients that a two-sample t test needs, by R's own power.t.test: exact. Parameters: shift in SD, power.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))

report(getRversion(), function() 2 * ceiling(power.t.test(delta = parameters[1], sd = 1, power = parameters[2])$n))

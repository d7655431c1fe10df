# The power of a two-sample t test by R's own t.test, in a loop. Parameters: patients of a group, shift in SD.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))
group <- parameters[1]
shift <- parameters[2]

report(getRversion(), function() mean(replicate(trials,
  t.test(rnorm(group), rnorm(group, shift), var.equal = TRUE)$p.value < 0.05)))

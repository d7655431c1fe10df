# What the R programs beside this file share. Arguments: TRIALS SEED ROUNDS PARAMETERS.
# Printed: version, power, and the seconds of processor time of each round.

given <- as.numeric(commandArgs(trailingOnly = TRUE))
trials <- given[1]
parameters <- given[-(1:3)]
set.seed(given[2])

need <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) { cat("missing\n"); quit(status = 0) }
  suppressMessages(library(package, character.only = TRUE))
}

report <- function(version, power) {
  first <- power()
  seconds <- replicate(given[3], { begun <- proc.time(); power(); sum((proc.time() - begun)[1:2]) })
  cat(as.character(version), format(first, digits = 15), unlist(seconds), "\n")
}

# The power of an AB/BA trial by nlme's mixed model (REML) of each trial, in a loop.
# Parameters: patients, means of both treatments, SD within and between patients.

source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "timing.R"))
need("nlme")
n <- parameters[1]
trial <- data.frame(patient = factor(rep(1:n, each = 2)), period = rep(0:1, n))
trial$treatment <- (trial$period + as.integer(trial$patient)) %% 2
means <- parameters[2] + (parameters[3] - parameters[2]) * trial$treatment

p_value <- function() {
  level <- rep(rnorm(n, 0, parameters[5]), each = 2)
  trial$score <- means + level + rnorm(2 * n, 0, parameters[4])
  fit <- lme(score ~ period + treatment, random = ~ 1 | patient, data = trial)
  summary(fit)$tTable["treatment", "p-value"]
}

report(packageVersion("nlme"), function() mean(replicate(trials, p_value()) < 0.05))

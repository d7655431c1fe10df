"""Who has which random numbers: a stream for each reason to draw, and trials that no run reaches."""

from __future__ import annotations

# One stream for each reason to draw, as in model.draw_list. Append only: a number keeps its meaning for ever.
PATIENT = 0  # word 0: entry severity; words 1, 2: two normals of the patient
COMPONENT = 1  # index i: uniforms and normals of the components 2i and 2i + 1
PERIOD = 2  # index i: words 0, 1: leaving before the periods 2i, 2i + 1; words 2, 3: their two normals
VISIT = 3  # index 64 k + i: normals of the visits 4i .. 4i + 3 of period k; visit 0 is before dosing
ALLOCATION = 4  # counter (tile low, tile high, patient): place in the randomisation block
TREATMENT = 5  # index i: patient-by-treatment normals of the treatments 4i .. 4i + 3
# index 256 o + k: secondary outcome o in period k, + 16: the patient's, + 32 + i: components 2i and 2i + 1
SECONDARY = 6
GUESS = 7  # index i: what the patient guesses after the periods 4i .. 4i + 3
RECHECK = 8  # index 64 k + i: normals of the ratings 4i .. 4i + 3 of who waits for the dosing of period k

# Numbers of trials: runs count from 0 and stay far below the first of these.
TRIALS_DISCRIMINATED = 1 << 60  # whole trials of which the hypothesis is to be named
TRIALS_OF_SAME_PATIENTS = 3 << 60  # of draws of the uncertain numbers that share their patients
TRIALS_OF_SPREAD = 1 << 61  # of the sample from which true means and their spread are taken
TRIALS_OF_OUTCOMES = 1 << 62  # potential outcomes
TRIALS_WEIGHED = 3 << 61  # patients of weighing

# Keys of numpy's Philox outside the kernels: the first half is the seed, the second one of these. They lie so
# far apart that none reaches the next.
KEY_OF_COUNTED_PATIENTS = 0  # + number of the draw: patients who agree with what was counted
KEY_OF_ENDLESS_TRIALS = 0x656E646C  # + round of refinement: trials of endless patients, and their densities
KEY_OF_NORMAL_TRIALS = 0x6D65616E73  # summaries of trials by the normal approximation
KEY_OF_RESAMPLED_VARIANTS = 200  # the whole key: variants drawn again for the errors of quantiles

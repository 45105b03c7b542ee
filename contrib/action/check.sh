#!/bin/sh
# Passes or fails on error budgets; what fails is an annotation, and the verdict is in the summary of the job.
# Reads SLO_ARGS. Exits as slo check does: 1 failed, 2 error.
set -u
# shellcheck disable=SC2086  # arguments are words
slo check $SLO_ARGS -o github

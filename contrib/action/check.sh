#!/bin/sh
# Passes or fails on error budgets; each failure is an annotation, and the verdict is in the job summary.
# Reads SLO_ARGS. Exits as slo check does: 1 failed, 2 error.
set -u
# shellcheck disable=SC2086  # arguments are words
slo check $SLO_ARGS -o github

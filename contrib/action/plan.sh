#!/bin/sh
# Shows what merging would do, in the job summary and as a comment on the pull request, which later runs update.
# Reads SLO_MANIFESTS, SLO_ARGS, PR (empty: no comment), GITHUB_STEP_SUMMARY. Exits with 2 when the manifests are invalid.
set -u
plan="${RUNNER_TEMP:-/tmp}/slo-plan.md"
code=0
# shellcheck disable=SC2086  # arguments are words
slo plan $SLO_MANIFESTS $SLO_ARGS -o markdown > "$plan" || code=$?
cat "$plan"
cat "$plan" >> "$GITHUB_STEP_SUMMARY"
if [ -n "$PR" ]; then
  gh pr comment "$PR" --body-file "$plan" --edit-last --create-if-none || echo "::warning::the plan was not posted as a comment"
fi
# 1 says that something changes, which is what a pull request is for.
[ "$code" -lt 2 ] || exit "$code"

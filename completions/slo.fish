complete --keep-order --exclusive --command slo --arguments "(COMPLETE=fish slo -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"

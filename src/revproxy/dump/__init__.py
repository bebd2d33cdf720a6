"""What a configuration comes to: `revproxy lint --dump`, as Apache's -S, -M and DUMP_INCLUDES."""

"""Operations as generators of steps, outcomes of requests, clocks and pauses. No network I/O."""

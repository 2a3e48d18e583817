"""Operations as steps, what comes of them, and the time between them; no I/O."""

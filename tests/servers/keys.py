"""The key that seals what test servers keep: fixed, so that several may share one store."""

SECRET_KEYS = "test:CBRm2YPA6gPfJ7U1gZp8AbbWfmUmXEP2NnM1zWoj+Ys="

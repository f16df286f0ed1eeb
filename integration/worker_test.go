package integration

// roleVariable makes this test binary a worker process instead of a test run.
const roleVariable = "QUORUMLOCK_INTEGRATION_ROLE"

func work(role string) int { return 2 }

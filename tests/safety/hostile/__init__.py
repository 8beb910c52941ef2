"""What the tests against hostile answers, secrets and events share."""

"""A local Intercom and a local Slack, for the demo and the tests."""

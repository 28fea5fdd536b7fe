"""A Slack stand-in: the API methods intercheck uses, and the channel as people would see it."""

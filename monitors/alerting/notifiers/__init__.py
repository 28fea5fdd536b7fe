"""Where teams already are: Alertmanager, PagerDuty, a webhook, mail, stdout."""

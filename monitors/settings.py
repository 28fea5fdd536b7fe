"""What the configuration says of probing and alerting (the `monitoring:` section)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class MonitorSettings(BaseModel):
    """The `monitoring:` section of `intercheck.yaml`; durations as `PT30S` or seconds."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-")
    )

    failure_threshold: Annotated[int, Field(ge=1)] = 3
    """Sights in a row before something that may be a blip opens an incident."""
    success_threshold: Annotated[int, Field(ge=1)] = 2
    """Healthy observations in a row before an incident is resolved."""
    connect_timeout: timedelta = timedelta(seconds=5)
    read_timeout: timedelta = timedelta(seconds=30)
    probes: Path | None = None
    """A file of probes of the user's own, in the form of the packaged `probes.yaml`."""

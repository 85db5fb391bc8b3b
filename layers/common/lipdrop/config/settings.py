"""Settings: the stack's parameters as one typed, immutable object, read from the environment on first use."""

import os
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from lipdrop.model.job import Options, SyncMode


class Settings(Struct, frozen=True, kw_only=True, rename=str.upper):
    """One field for each variable that `template.yaml` sets; the same names, in lower case.

    Times are in the unit that the name ends with, sizes in bytes, money in USD. Defaults are those of
    the template's parameters (a test compares them).
    """

    drop_bucket: str
    results_bucket: str
    topic_arn: str
    jobs_table: str
    state_machine_arn: str = ""
    segmind_base_url: str = "https://api.segmind.com"
    segmind_history_url: str = "https://api.spotprod.segmind.com/inference-request/request-history"
    segmind_api_key_parameter: str = "/lipdrop/segmind-api-key"
    sync_mode: SyncMode = "bounce"
    temperature: float = 0.5
    auto_active_speaker_detection: bool = False
    occlusion_detection_enabled: bool = False
    max_concurrent_jobs: int = 10
    max_queue_hours: float = 24
    account_wait_hours: float = 6
    deadline_seconds: int = 3300
    result_life_seconds: int = 3600
    history_wait_seconds: int = 600
    result_link_hours: float = 72
    expected_base_seconds: float = 100
    expected_seconds_per_second: float = 3.7
    price_per_second: float = 0.084
    max_job_cost: float = 50
    require_known_cost: bool = False
    max_media_seconds: float = 300
    max_media_bytes: int = 5_368_709_120
    min_frame_side: int = 240
    max_frame_short_side: int = 2160
    max_frame_long_side: int = 4096
    max_result_bytes: int = 5_368_709_120
    orphan_after_hours: float = 24
    manifests_may_cross: bool = False
    link_hours: float = 0
    record_days: int = 730
    local_aws_endpoint: str = ""

    @property
    def history_url(self) -> str:
        """Where this stack asks for the account's request history; "" where it does not ask.

        Only this place decides it. A stack whose SegmindBaseUrl is not Segmind's own (a stand-in, a
        test double) never asks Segmind's history: with the real address configured, it asks the same path
        of its own base URL. Any other address was chosen on purpose and is used unchanged.
        """
        configured = urlsplit(self.segmind_history_url)
        if not _is_segmind(configured.hostname) or _is_segmind(urlsplit(self.segmind_base_url).hostname):
            return self.segmind_history_url
        return self.segmind_base_url.rstrip("/") + configured.path

    @property
    def options(self) -> Options:
        """The stack's defaults for the options that neither the manifest nor the metadata sets."""
        return Options(
            sync_mode=self.sync_mode,
            temperature=self.temperature,
            auto_active_speaker_detection=self.auto_active_speaker_detection,
            occlusion_detection_enabled=self.occlusion_detection_enabled,
        )


def _is_segmind(host: str | None) -> bool:
    return host is not None and (host == "segmind.com" or host.endswith(".segmind.com"))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raises `msgspec.ValidationError`, which names the bad one."""
    return msgspec.convert(dict(environment), Settings, strict=False)


@cache
def settings() -> Settings:
    """Return this process's settings. Handlers call it and pass the object to the domain."""
    return read_settings(os.environ)

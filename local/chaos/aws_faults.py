"""Faults of AWS that hit all jobs: calls that are throttled, that fail, or that succeed without an answer."""

from local.aws_proxy.model import Fault, What

SINGLE: dict[str, dict[What, float]] = {
    # chance of each call, by service; botocore tries six times, so these alone never reach our code
    "dynamodb": {"throttle": 0.02, "error": 0.01, "reset": 0.01, "lost": 0.02, "delay": 0.02},
    "s3": {"throttle": 0.02, "error": 0.01, "reset": 0.01, "lost": 0.02},
    "sns": {"throttle": 0.05, "error": 0.03, "reset": 0.03, "lost": 0.06},
    "states": {"throttle": 0.04, "error": 0.02, "reset": 0.02, "lost": 0.06},
    "ssm": {"throttle": 0.05, "error": 0.03, "reset": 0.03},
}
SPELLS: dict[str, tuple[float, tuple[float, ...]]] = {
    # chance that a call begins an outage of the whole service, and how many seconds those last
    "dynamodb": (1 / 4000, (3, 20)),
    "s3": (1 / 3000, (3, 20)),
    "sns": (1 / 150, (3, 20)),
    "states": (1 / 500, (3, 20)),
    "ssm": (1 / 400, (3,)),
}


def faults(seed: int) -> list[Fault]:
    """Return the rules for the proxy: outages first, then the single faults."""
    outages = [
        Fault(
            service=service,
            what=what,
            chance=chance,
            times=None,
            lasting=seconds,
            seed=seed * 1000 + number,
        )
        for service, (chance, lengths) in SPELLS.items()
        for number, (seconds, what) in enumerate(zip(lengths, _kinds(service), strict=False))
    ]
    singles = [
        Fault(service=service, what=what, chance=chance, times=None, seconds=0.5, seed=seed * 1000 + number)
        for service, chances in SINGLE.items()
        for number, (what, chance) in enumerate(chances.items(), start=10)
    ]
    return outages + singles


def _kinds(service: str) -> tuple[What, What]:
    """Return how the service's outages show: the short ones and the long ones."""
    return ("lost", "throttle") if service in ("dynamodb", "sns") else ("error", "throttle")

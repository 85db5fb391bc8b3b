"""The one owner of logger and metrics, for handlers; the domain returns data and logs nothing."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="lipdrop")
metrics = Metrics(service="lipdrop", namespace="Lipdrop")

"""The one owner of the logger, for handlers; the domain returns data and logs nothing."""

from aws_lambda_powertools import Logger

logger = Logger(service="lipdrop")

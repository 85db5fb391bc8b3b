"""The logger of the handlers; the domain returns data and logs nothing."""

from aws_lambda_powertools import Logger

logger = Logger(service="lipdrop")

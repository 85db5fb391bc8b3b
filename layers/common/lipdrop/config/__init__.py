"""Configuration: the environment as one typed object, settings of the AWS clients, the logger."""

"""A proxy between the functions and the local AWS: it counts their calls, and breaks them on request.

The functions reach it through the template's parameter `AwsEndpointUrl`; the local AWS itself and a
test's own clients keep the direct endpoint. Host header, headers and bodies pass untouched, so signatures
hold. To count what a stack does:

    with running() as proxy:
        with stack.running(directory, parameters={"AwsEndpointUrl": proxy.url}) as deployed:
            proxy.control.upstream(deployed.endpoint)
            ...
            proxy.control.counts().calls  # {"dynamodb:UpdateItem": 120, "s3:HeadObject": 40, …}
"""

from local.aws_proxy.control import ProxyControl
from local.aws_proxy.model import Counts, Fault
from local.aws_proxy.process import Proxy, running

__all__ = ["Counts", "Fault", "Proxy", "ProxyControl", "running"]

"""A client for p2phost networks that knows the ring: each call goes directly to the node that owns its key.

    Client        blocking, for any number of threads
    AsyncClient   for asyncio, pipelined
    Failed, Rejected, Unknown   why a call has no result: nothing was changed, or the outcome is unknown
"""
from p2p_client.async_client import AsyncClient
from p2p_client.client import Client
from p2p_client.errors import ClientError, Failed, Rejected, Unknown

__all__ = ["AsyncClient", "Client", "ClientError", "Failed", "Rejected", "Unknown"]

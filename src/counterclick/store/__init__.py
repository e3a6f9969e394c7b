"""Where it is kept: the inbox (durable, acknowledged) and the log (columnar, open format). Nothing else is state."""

from counterclick.store.inbox import Inbox
from counterclick.store.keeping import Appended, Store
from counterclick.store.log import Log

__all__ = ["Appended", "Inbox", "Log", "Store"]

"""The reference portal: the patient's walk as web pages, a thin ASGI application.

Server-rendered, in French and English, complete without JavaScript. It stands on the public API
only: each page calls one method of :class:`omnibook.AsyncPortal` and shows its outcome in the words
of :mod:`omnibook.messages`. A clinic can serve it as it is; an engineer can read it to see how the
SDK is used.

This package needs the extra ``omnibook[web]``, and nothing below imports it.
"""

from omnibook.web.app import create_app
from omnibook.web.drafts import Draft, Drafts, MemoryDrafts
from omnibook.web.settings import WebSettings

__all__ = ["Draft", "Drafts", "MemoryDrafts", "WebSettings", "create_app"]

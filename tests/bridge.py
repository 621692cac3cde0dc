"""An asynchronous client with a synchronous face, so that one test speaks for both clients."""

from __future__ import annotations

import asyncio
import inspect
import threading
from functools import wraps


class Bridged:
    """Runs every coroutine of a client in an event loop of its own, in a thread of its own."""

    def __init__(self, make):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._inner = self._run(self._made(make))
        except BaseException:
            self._end()
            raise

    @staticmethod
    async def _made(make):
        return make()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _end(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def close(self):
        if not self._loop.is_closed():
            self._run(self._inner.close())
            assert self._run(self._other_tasks()) == [], "the client left tasks behind"

    def end(self):
        self.close()
        if not self._loop.is_closed():
            self._end()

    @staticmethod
    async def _other_tasks():
        for _ in range(10):  # what is done may not be gone yet
            await asyncio.sleep(0)
        return [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]

    @property
    def with_answer(self):
        return _Face(self._inner.with_answer, self._run)

    def __getattr__(self, name):
        if name == "_inner":
            raise AttributeError(name)
        return getattr(_Face(self._inner, self._run), name)

    def __repr__(self):
        return repr(self._inner)

    def __format__(self, spec):
        return format(self._inner, spec)

    def __reduce_ex__(self, protocol):
        return self._inner.__reduce_ex__(protocol)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class _Face:
    def __init__(self, inner, run):
        self._inner = inner
        self._run = run

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        @wraps(found)
        def call(*arguments, **named):
            return self._run(found(*arguments, **named))

        return call

"""The key shows itself nowhere, and goes to no address that others can listen to."""

import copy
import pickle
import subprocess
import sys

import pytest

from tradeloop.capture.polygon.access import VENDOR_REST, Key, endpoint
from tradeloop.errors import InputError

SECRET = "s3cret-of-somebody"  # noqa: S105  # of nobody


def rest(url):
    return endpoint(url, secure="https", plain="http", path=False)


def test_a_key_does_not_show_itself():
    key = Key(SECRET)
    for text in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert SECRET not in text
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copied(key)
    assert SECRET not in key.hidden(f"a {SECRET} b {SECRET}")
    assert "%2B" not in Key("a+b/c=d+e").hidden("url?apiKey=a%2Bb%2Fc%3Dd%2Be")


@pytest.mark.parametrize(
    "text", ["", "short", "with blank in it", "ключ-из-букв", "a\r\nb" * 4]
)
def test_what_cannot_be_a_key_is_refused_without_being_repeated(text):
    with pytest.raises(InputError) as refused:
        Key(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        VENDOR_REST,
        "https://proxy.example:8443",
        "http://127.0.0.1:9",
        "http://localhost:9/",
        "http://[::1]:9",
    ],
)
def test_the_key_may_go_over_tls_or_stay_here(url):
    assert rest(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.polygon.io",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "ftp://api.polygon.io",
        "api.polygon.io",
        "https://",
        f"https://{SECRET}@api.polygon.io",
        f"https://api.polygon.io?apiKey={SECRET}",
        f"https://api.polygon.io/{SECRET}",
        "https://api.polygon.io:port",
        "https://[::1",
    ],
)
def test_other_addresses_are_refused_and_not_repeated(url):
    with pytest.raises(InputError) as refused:
        rest(url)
    assert SECRET not in str(refused.value)


def test_neither_driver_nor_socket_is_there_after_the_import():
    code = (
        "import sys, socket\n"
        "def no(*_, **__): raise AssertionError('a socket')\n"
        "socket.socket.connect = socket.create_connection = no\n"
        "import tradeloop.pipelines.vendor, tradeloop.pipelines.vendor_live\n"
        "from tradeloop.capture.polygon import History, Key, Stream\n"
        "from tradeloop.clock import LiveClock\n"
        "import threading\n"
        "key = Key('0123456789')\n"
        "History(key, LiveClock(), latency_ns=0).close()\n"
        "Stream(key, ['T.AAPL'], LiveClock(), stop=threading.Event())\n"
        "assert not {'httpx', 'websockets'} & set(sys.modules), 'a driver'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

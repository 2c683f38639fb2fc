"""From the trainer's write to the bytes on the socket, and to the pixels in Chromium: medians and p99 of 100 writes."""

import socket
import time

import numpy as np

WRITES = 100


def report(what: str, seconds: list[float], target: str) -> None:
    times = np.array(seconds) * 1000
    print(f"\n{what}: p50 {np.median(times):.1f} ms, p99 {np.percentile(times, 99):.1f} ms ({target})")


def test_write_to_frame(serve, log):
    log.append("step=0 loss=1\n")
    server = serve(log.path)
    seconds = []
    with socket.create_connection(("127.0.0.1", server.port)) as stream:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream.settimeout(5)
        until(stream, b"event: points")
        for step in range(1, WRITES + 1):
            time.sleep(0.1 + step % 7 / 1000)
            before = time.perf_counter()
            log.append(f"step={step} loss={1 / step}\n")
            until(stream, b"event: points")
            seconds.append(time.perf_counter() - before)
    report("write → frame on the socket", seconds, "target p50 ≤ 1 ms, p99 ≤ 10 ms")


def until(stream: socket.socket, wanted: bytes) -> None:
    seen = b""
    while wanted not in seen:
        seen += stream.recv(65536)


def test_write_to_paint(serve, log, page):
    log.append("".join(f"step={step} loss={1 / (step + 1)}\n" for step in range(2000)))
    server = serve(log.path)
    page.goto(server.url)
    page.wait_for_selector(".chart .main-svg")
    page.evaluate(
        """() => {
          const chart = document.querySelector('.chart');
          window.painted = [];
          chart.on('plotly_afterplot', () => requestAnimationFrame(() => setTimeout(() => {
            const x = chart.data.at(-1).x;
            window.painted.push([x[x.length - 1], performance.timeOrigin + performance.now()]);
          })));
        }"""
    )
    written = {}
    for step in range(2000, 2000 + WRITES):
        page.wait_for_timeout(150 + step % 7)
        written[step] = time.time() * 1000
        log.append(f"step={step} loss={1 / (step + 1)}\n")
    page.wait_for_timeout(500)
    first: dict[int, float] = {}
    for step, at in page.evaluate("window.painted"):
        first.setdefault(step, at)
    seconds = [
        min(at for shown, at in first.items() if shown >= step) / 1000 - when / 1000 for step, when in written.items()
    ]
    report("write → painted in Chromium", seconds, "target p50 ≤ 50 ms, p99 ≤ 100 ms")

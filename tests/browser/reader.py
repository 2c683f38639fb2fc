"""A reader before the page: what is drawn, what the page says, and what the server has."""

import contextlib
from collections.abc import Iterator
from typing import Any

DRAWN = """() => Object.fromEntries([...document.querySelectorAll(".chart")].flatMap(({data}) => data ?? [])
    .filter(({meta}) => meta.live && !meta.band)
    .map(({x, y, meta}) => [`${meta.run}/${meta.metric}`, [[...x], [...y]]]))"""


def lines(first: int, last: int) -> str:
    return "".join(f"step={step} loss={1 / step:.6f} val_loss={1.1 / step:.6f}\n" for step in range(first, last + 1))


def drawn(page) -> dict[str, Any]:
    """x and y of every curve on the page, by run and metric."""
    return page.evaluate(DRAWN)


def told(server) -> dict[str, Any]:
    """The same, as /metrics.json has it."""
    runs = server.json("/metrics.json")["runs"]
    return {
        f"{run}/{metric}": [series["step"], series["value"]]
        for run, about in runs.items()
        for metric, series in about["metrics"].items()
    }


def wait_for_step(page, step: int, within: float = 15.0) -> None:
    """Until every curve on the page ends at a step."""
    page.wait_for_function(
        """step => {
          const traces = [...document.querySelectorAll(".chart")].flatMap(({data}) => data ?? []);
          return traces.length && traces.every(({x}) => x.at(-1) === step);
        }""",
        arg=step,
        timeout=within * 1000,
    )


def wait_for_state(page, words: str, within: float = 15.0) -> None:
    page.wait_for_function(
        "words => RegExp(words, 'i').test(document.getElementById('state').textContent)",
        arg=words,
        timeout=within * 1000,
    )


def state(page) -> str:
    return page.locator("#state").inner_text()


def note_states(page) -> None:
    """From now on every change of the words of the state is noted, for `noted_states`."""
    page.evaluate(
        """() => {
          const state = document.getElementById("state");
          window.states = [state.textContent];
          new MutationObserver(() => window.states.push(state.textContent))
            .observe(state, {childList: true, characterData: true, subtree: true});
        }"""
    )


def noted_states(page) -> list[str]:
    return page.evaluate("window.states")


# A browser without a window hides no tab, whatever is brought to the front: so the page is told.
HIDEABLE = """
  let hidden = true;
  Object.defineProperty(document, "hidden", {get: () => hidden});
  Object.defineProperty(document, "visibilityState", {get: () => (hidden ? "hidden" : "visible")});
  window.hide = (now) => {
    if (now === hidden) return;
    hidden = now;
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""


class Tabs:
    """The tabs of a window, which share its connections to a server; all are hidden at first."""

    def __init__(self, pages: list[Any]) -> None:
        self.pages = pages

    def show(self, shown: Any) -> None:
        """Hides the others first, as a browser does."""
        for page in sorted(self.pages, key=lambda page: page is shown):
            page.evaluate("now => window.hide(now)", page is not shown)
        if shown:
            shown.bring_to_front()  # a page behind others gets one frame a second


@contextlib.contextmanager
def tabs(chromium, many: int) -> Iterator[Tabs]:
    with chromium.new_context() as context:
        context.add_init_script(HIDEABLE)
        yield Tabs([context.new_page() for _ in range(many)])

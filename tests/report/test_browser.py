"""Reports in a browser: nothing is fetched, no error is logged, the view draws and turns; phone and print."""

import io
import shutil
import subprocess
import time

import numpy as np
import pytest
from command_line import ZEOCRYST

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

CRYSTAL = """
name = "crystal"
seed = 2
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[[stage]]
kind = "npt"
coupling = "aniso"
temperature_K = 500
time_ps = 4
[output]
interval_ps = 0.5
[engine]
name = "lammps"
threads = 1
"""
GEL = """
name = "gel"
seed = 2
[system]
start = "gel"
n_T = 200
n_S = 20
density_T_per_1000A3 = 3
[[stage]]
kind = "langevin"
temperature_K = 400
time_ps = 4
[output]
interval_ps = 1
[engine]
name = "lammps"
threads = 1
"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        try:
            # drawn by the processor, as on a machine without a display
            made = started.chromium.launch(
                executable_path=CHROMIUM,
                args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
            )
        except playwright.Error as error:
            pytest.skip(f"no Chromium that starts: {str(error).splitlines()[0]}")
        yield made
        made.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Reports of a crystal, a gel and atoms."""
    place = tmp_path_factory.mktemp("reports")
    found = {}
    for name, text in (("crystal", CRYSTAL), ("gel", GEL)):
        (place / f"{name}.toml").write_text(text)
        command = [*ZEOCRYST, "run", place / f"{name}.toml", "--out", place / name, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found[name] = place / name / "report.html"
    done = subprocess.run(
        [*ZEOCRYST, "backmap", place / "crystal", "--out", place / "atoms"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found["atoms"] = place / "atoms" / "report.html"
    return found


class Look:
    """A page that is open, with what it logged and asked for."""

    def __init__(self, browser, path, width=1366, height=900, script=True):
        context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=script)
        self.page = context.new_page()
        self.errors, self.fetched = [], []
        self.page.on(
            "console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda r: self.fetched.append(r.url) if r.url.startswith("http") else None)
        begin = time.monotonic()
        self.page.goto(path.as_uri())
        if script and self.page.locator("iframe").count():
            self.frame = self.page.frames[1]
            self.frame.wait_for_function("window.ready === true", timeout=60000)
        self.seconds = time.monotonic() - begin

    def pixels(self):
        """The viewer as it is drawn, without its bar."""
        from PIL import Image

        self.page.wait_for_timeout(600)
        shot = Image.open(io.BytesIO(self.page.locator("iframe").screenshot())).convert("RGB")
        return np.asarray(shot)[: shot.height - 90].astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crystal", "gel", "atoms"])
def test_a_report_logs_no_error_and_fetches_nothing(browser, pages, name):
    look = Look(browser, pages[name])
    assert look.errors == []
    assert look.fetched == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crystal", "gel"])
def test_the_view_draws_turns_plays_and_shows_the_atoms(browser, pages, name):
    look = Look(browser, pages[name])
    drawn = look.pixels()
    coloured = (np.ptp(drawn, axis=2) > 40).mean()
    assert coloured > 0.005  # beads have colours, background and bonds are grey
    box = look.page.locator("iframe").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    look.page.mouse.move(x, y)
    look.page.mouse.down()
    look.page.mouse.move(x + 120, y + 60, steps=6)
    look.page.mouse.up()
    turned = look.pixels()
    assert (np.abs(turned - drawn).max(axis=2) > 40).mean() > 0.005
    look.frame.locator("input[type=range]").evaluate("e => { e.value = 0; e.oninput(); }")
    first = look.pixels()
    assert (np.abs(first - turned).max(axis=2) > 40).mean() > 0.002
    assert look.frame.locator("#when").text_content().startswith("0.000 ns")
    look.frame.locator("select").first.select_option("atoms of the last frame")
    atoms = look.pixels()
    red = (atoms[..., 0] - atoms[..., 1:].max(axis=2) > 60).mean()
    assert red > 0.002  # O
    assert look.errors == []


@pytest.mark.slow
def test_without_scripts_the_still_picture_is_there(browser, pages):
    look = Look(browser, pages["crystal"], script=False)
    assert look.page.locator(".still img").is_visible()
    assert not look.page.locator("iframe").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crystal", "gel"])
def test_first_screen_has_verdict_picture_conditions_and_rate(browser, pages, name):
    look = Look(browser, pages[name])
    for selector in ("h1", ".verdict", "iframe", "text=temperature", "text=pressure", "text=composition"):
        box = look.page.locator(selector).first.bounding_box()
        assert box["y"] + box["height"] <= 900, selector


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crystal", "gel", "atoms"])
def test_a_phone_does_not_scroll_sideways(browser, pages, name):
    look = Look(browser, pages[name], 390, 844)
    assert look.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
def test_print_takes_at_most_six_pages(browser, pages):
    look = Look(browser, pages["crystal"])
    made = look.page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm"))
    assert 1 <= made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") + made.count(b"/Type /Page/") <= 6

"""A real Chromium without a window, that a test looks at a node's page with."""
import json
import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from harness import settings

# --no-sandbox: tests may run as root. The others keep it from what it does besides, on the network above all.
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--no-proxy-server")
SCREENSHOTS = Path(settings.BUILD) / "tests" / "cluster" / "screenshots"


def program(name):
    found = shutil.which(name)
    if found is None:
        raise AssertionError(f"{name} is missing: the page is looked at in a real browser (apt-get install chromium chromium-driver)")
    return found


class Browser:
    def __init__(self, folder, width=1440, height=1000):
        options = Options()
        options.binary_location = program("chromium")
        for flag in (*FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(program("chromedriver")), options=options)
        self.driver.set_script_timeout(10 * settings.PATIENCE)

    def close(self):
        self.driver.quit()

    def open(self, name):
        """The page of the node of this name: its address."""
        self.driver.get(f"http://{name}/")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def size(self, width, height, is_phone=False):
        """Of what is seen, in CSS pixels; chromium's windows do not get as narrow as a phone."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone})

    def theme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def problems(self):
        """What the browser complains about: errors of the script, and what the page's policy forbids. A node that has been
        killed makes failed requests."""
        return [json.dumps(one) for one in self.driver.get_log("browser") if one["source"] != "network" and "ERR_" not in one["message"]]

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def cells(self, table):
        """The rows of a table: {key: {column: text}}."""
        return self.run("""
            const found = {};
            for (const row of document.querySelectorAll(`#${arguments[0]} tbody tr[data-key]`))
              found[row.dataset.key] = Object.fromEntries([...row.cells].map(cell => [cell.dataset.is, cell.textContent]));
            return found;""", table)

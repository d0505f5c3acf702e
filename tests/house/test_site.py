"""The site: a page is run while it is built, a wrong number fails the build, and no built page asks another machine."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import salesmetrics as sm

DOCS = Path(__file__).resolve().parents[2] / "docs"
BUILT = DOCS / "_build" / "html"
SETTINGS = f"""
import sys
sys.path.insert(0, {str(DOCS)!r})
extensions = ["myst_nb", "_ext.running"]
nb_custom_formats = {{".md": "_ext.running.read"}}
nb_execution_mode = "off"
"""
PAGE = """# A page

```python
deals = [30_000, 12_000]
print("booked", sum(deals))
```

```text
booked {said}
```
"""


def build(folder: Path, said: str) -> subprocess.CompletedProcess[str]:
    """Build a site of one page that states a sum."""
    for needed in ("sphinx", "myst_nb"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"needs {needed}")
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "conf.py").write_text(SETTINGS, encoding="utf-8")
    (source / "index.md").write_text(PAGE.format(said=said), encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(folder / "site" / "html")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_right_number_is_computed_at_build(tmp_path: Path) -> None:
    """The output that a reader of the site sees is what the block printed while the page was built."""
    done = build(tmp_path, said="...")
    assert (done.returncode, done.stderr) == (0, "")
    done = build(tmp_path, said="42000")
    assert (done.returncode, done.stderr) == (0, "")
    assert "booked 42000" in (tmp_path / "site" / "html" / "index.html").read_text(encoding="utf-8")


def test_a_wrong_number_fails_the_build(tmp_path: Path) -> None:
    """A number changed by hand ends the build with a failure that names the page and the line, warnings allowed or not."""
    done = build(tmp_path, said="42001")
    assert done.returncode == 1
    assert re.search(r"index\.md:8: WARNING: a block of the page fails: the block gives\s+booked 42000", done.stderr)


def test_names_lead_to_their_pages() -> None:
    """Every public name of the front door has a built page, and a name in backticks elsewhere is a link to it."""
    if not BUILT.exists():
        pytest.skip("the site is not built")
    pages = {page.stem.removesuffix("-class") for page in (BUILT / "reference" / "api").glob("*.html")}
    functions = {f"salesmetrics.{name}" for name in sm.__all__ if callable(getattr(sm, name))}
    assert functions <= pages
    index = (BUILT / "reference" / "metrics.html").read_text(encoding="utf-8")
    assert 'href="api/salesmetrics.win_rate.html#salesmetrics.win_rate"' in index


def test_no_built_page_asks_another_machine() -> None:
    """Scripts, styles, fonts and pictures of the built site lie beside its pages."""
    if not BUILT.exists():
        pytest.skip("the site is not built")
    asks = re.compile(
        r"""<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?//|<link[^>]*\shref="(?:https?:)?//(?![^>]*canonical)"""
    )
    style = re.compile(r"""(?:@import|url\()\s*['"(]*(?:https?:)?//""")
    assert not [page for page in BUILT.rglob("*.html") if asks.search(page.read_text(encoding="utf-8"))]
    assert not [sheet for sheet in BUILT.rglob("*.css") if style.search(sheet.read_text(encoding="utf-8"))]

"""What the site's build does beside MkDocs: pages from outside `docs`, links to them, equations, notebooks.

The pages are written for a clone, where links are paths in it. On the site `docs/` is the root, and what else is shown
(benchmarks, the changelog and the like) lies beside it under the names it has in the clone.
"""

import html
import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "benchmarks/**/*")
_LINK = re.compile(r"(?P<open>\]\()(?P<path>[^)#\s:]+)(?P<rest>[^)]*\))")
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to and `docs` does not hold, and a page for each notebook."""
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and path.suffix in {".md", ".png", ".py", ".cff"}:
                name = path.relative_to(ROOT).as_posix()
                files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    for notebook in sorted(Path(config.docs_dir).glob("notebooks/*.ipynb")):
        page = as_page(json.loads(notebook.read_text(encoding="utf-8")), notebook.stem)
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=page))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead where the site has what the clone has at that path."""
    here = page.file.src_uri
    inside = Path(page.file.abs_src_path or "").is_relative_to(config.docs_dir) or page.file.generated_by is not None
    before = posixpath.dirname(posixpath.join("docs", here) if inside else here)

    def there(found: "re.Match[str]") -> str:
        path = posixpath.normpath(posixpath.join(before, found["path"]))
        on_site = "index.md" if path == "README.md" else path.removeprefix("docs/")
        if page.file.generated_by is None:  # only a notebook's own page leads to the notebook
            on_site = re.sub(r"^(notebooks/.*)\.ipynb$", r"\1.md", on_site)
        return found["open"] + posixpath.relpath(on_site, posixpath.dirname(here) or ".") + found["rest"]

    return "".join(part if code else _LINK.sub(there, part) for code, part in _parts(markdown))


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Equations as MathML, which browsers draw by themselves."""
    return _MATH.sub(
        lambda found: convert(html.unescape(found[2]).strip(), display="inline" if found[1] == "span" else "block"),
        content,
    )


def as_page(notebook: dict, name: str) -> str:
    """A notebook as a page: its text, its code, and what that printed."""
    parts: list[str] = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            shown = output.get("text") or output["data"]["text/plain"]
            parts.append(f"```text\n{''.join(shown).rstrip()}\n```")
    parts.append(f"[This page as a notebook]({name}.ipynb)")
    return "\n\n".join(parts) + "\n"


def _parts(markdown: str) -> Iterator[tuple[bool, str]]:
    """The text, cut into code (True) and all else."""
    end = 0
    for found in _CODE.finditer(markdown):
        yield False, markdown[end : found.start()]
        yield True, found[0]
        end = found.end()
    yield False, markdown[end:]

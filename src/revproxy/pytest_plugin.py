"""For pytest: files of cases are collected, and tests in Python have the fixture `revproxy`.

- `*.revproxy.toml` are files of cases (docs/cases.md). Their configuration is the one that they
  name, or the file of the same name that ends in `.conf`.
- `revproxy(config).get(url, headers=...)` gives what becomes of a request, with attributes.
- `--revproxy-coverage` tells at the end which lines no test has touched.

Laws:
- pytest finds this by its entry point; nothing else of revproxy knows pytest.
- What revproxy needs is loaded when it is used: who has no such tests pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from revproxy.trial.cases import Case
    from revproxy.trial.run import Result
    from revproxy.trial.site import Site

PATTERN: Final = ".revproxy.toml"
"""How a file of cases is called, at its end."""

_Sites = dict[tuple[str, tuple[str, ...]], "Site"]
_SITES: Final[pytest.StashKey[_Sites]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("revproxy")
    group.addoption(
        "--revproxy-coverage",
        action="store_true",
        help="tell which lines of the configurations no test has touched",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SITES] = {}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith(PATTERN):
        return CaseModule.from_parent(parent, path=file_path)
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    sites = config.stash[_SITES]
    if not config.getoption("revproxy_coverage") or not sites:
        return
    from revproxy.trial.coverage import as_text, merged

    by_file: dict[str, list[Site]] = {}
    for (name, _), site in sites.items():
        by_file.setdefault(name, []).append(site)
    terminalreporter.section("revproxy coverage")
    for name, found in by_file.items():
        terminalreporter.write_line(name)
        for line in as_text(merged(site.coverage for site in found)):
            terminalreporter.write_line(f"  {line}")


def _site(config: pytest.Config, path: str, defines: tuple[str, ...]) -> Site:
    """The site of a file or text, read once a run. Raises ConfigError."""
    from revproxy.trial.site import open_site

    sites = config.stash[_SITES]
    key = path, defines
    if key not in sites:
        sites[key] = open_site(path, define=defines)
    return sites[key]


class CaseModule(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterable[pytest.Item]:
        from revproxy.errors import ConfigError
        from revproxy.lint.report import render
        from revproxy.trial.cases import read_cases

        file = read_cases(str(self.path))
        if file.problems:
            raise self.CollectError(render(file.problems))
        name = file.config or f"{self.path.name.removesuffix(PATTERN)}.conf"
        config = self.path.parent / name
        if not config.exists():
            hint = "" if file.config else ': name another with config = "..."'
            raise self.CollectError(f"{self.path}: there is no configuration {config}{hint}")
        try:
            site = _site(self.config, str(config), file.defines)
        except ConfigError as error:
            raise self.CollectError(render(error.diagnostics)) from None
        for case in file.cases:
            yield CaseItem.from_parent(
                self, name=_shown(case.name), case=case, site=site, configuration=str(config)
            )


def _shown(text: str) -> str:
    from revproxy.lint.report import readable

    return readable(text)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, site: Site, configuration: str, **more: Any) -> None:
        super().__init__(**more)
        self._case = case
        self._site = site
        self._configuration = configuration

    def runtest(self) -> None:
        result = self._site.run(self._case)
        if not result.has_passed:
            raise CaseFailure(result)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> str | Any:
        from revproxy.trial.report import failed

        if isinstance(excinfo.value, CaseFailure):
            return "\n".join(failed(excinfo.value.result, self._configuration))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._case.location.line - 1, self.name


class CaseFailure(Exception):  # noqa: N818 - a test that fails is no error
    """A case that did not pass."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.case.name)
        self.result = result


@pytest.fixture
def revproxy(request: pytest.FixtureRequest) -> Callable[..., Site]:
    """Configurations to ask: `revproxy("httpd.conf").get("http://www.example.com/")`.

    A file is looked for beside the test, then where pytest was started; a text of several lines is
    a configuration. `define` are names for `<IfDefine>`, `base` is what paths stand below.
    """

    def open_configuration(
        config: str | Path, *, define: str | Iterable[str] = (), base: str = ""
    ) -> Site:
        name = str(config)
        if "\n" not in name and (request.path.parent / name).exists():
            name = str(request.path.parent / name)
        defines = (define,) if isinstance(define, str) else tuple(define)
        return _site(request.config, name, defines).below(base)

    return open_configuration
